/** Markdown of people as elements; all of it is text to begin with. */

import { type ComponentChildren, createContext } from "preact";
import { useContext, useMemo } from "preact/hooks";
import { viewsIn } from "../model/embedded";
import { type Block, type Inline, parseMarkdown, type Side } from "../model/markdown";

/** What an embedded view becomes, by what follows its fence, its lines, and how many come before it. */
type Embed = (info: string, text: string, before: number) => ComponentChildren;

const Embedding = createContext<{ embed: Embed; views: Map<Block, number> } | null>(null);

export function Markdown({ text, embed = null }: { text: string; embed?: Embed | null }) {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  const views = useMemo(() => new Map(viewsIn(blocks).map((block, at) => [block, at])), [blocks]);
  return (
    <Embedding.Provider value={embed && { embed, views }}>
      <div class="markdown">
        <Blocks blocks={blocks} />
      </div>
    </Embedding.Provider>
  );
}

function Code({ block }: { block: Block & { kind: "code" } }) {
  const embedding = useContext(Embedding);
  const before = embedding?.views.get(block);
  const { info, text } = block;
  if (embedding && before !== undefined) return <>{embedding.embed(info, text, before)}</>;
  return (
    <pre class="mono" tabIndex={0}>
      {text}
    </pre>
  );
}

function Blocks({ blocks }: { blocks: Block[] }) {
  return (
    <>
      {blocks.map((block, at) => (
        <OneBlock key={at} block={block} />
      ))}
    </>
  );
}

const HEADINGS = ["h3", "h4", "h5", "h6", "h6", "h6"] as const;

function OneBlock({ block }: { block: Block }) {
  switch (block.kind) {
    case "heading": {
      const Heading = HEADINGS[block.level - 1] ?? "h6";
      return (
        <Heading>
          <Inlines parts={block.children} />
        </Heading>
      );
    }
    case "code":
      return <Code block={block} />;
    case "quote":
      return (
        <blockquote>
          <Blocks blocks={block.blocks} />
        </blockquote>
      );
    case "list":
      return block.isOrdered ? <ol>{items(block.items)}</ol> : <ul>{items(block.items)}</ul>;
    case "table":
      return <Table {...block} />;
    case "rule":
      return <hr />;
    default:
      return (
        <p>
          <Inlines parts={block.children} />
        </p>
      );
  }
}

function items(all: Block[][]) {
  return all.map((blocks, at) => (
    <li key={at}>
      {blocks.length === 1 && blocks[0]?.kind === "paragraph" ? (
        <Inlines parts={blocks[0].children} />
      ) : (
        <Blocks blocks={blocks} />
      )}
    </li>
  ));
}

function Table({ heads, sides, rows }: { heads: Inline[][]; sides: Side[]; rows: Inline[][][] }) {
  return (
    <div class="scroll" tabIndex={0}>
      <table class="plain">
        <thead>
          <tr>
            {heads.map((head, at) => (
              <th key={at} scope="col" class={sides[at]}>
                <Inlines parts={head} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, number) => (
            <tr key={number}>
              {row.slice(0, heads.length).map((cell, at) => (
                <td key={at} class={sides[at]}>
                  <Inlines parts={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Inlines({ parts }: { parts: Inline[] }) {
  return (
    <>
      {parts.map((part, at) => (
        <OneInline key={at} part={part} />
      ))}
    </>
  );
}

function OneInline({ part }: { part: Inline }) {
  switch (part.kind) {
    case "code":
      return <code>{part.text}</code>;
    case "strong":
      return (
        <strong>
          <Inlines parts={part.children} />
        </strong>
      );
    case "emphasis":
      return (
        <em>
          <Inlines parts={part.children} />
        </em>
      );
    case "struck":
      return (
        <s>
          <Inlines parts={part.children} />
        </s>
      );
    case "link":
      return part.address.startsWith("#") ? (
        <a href={part.address}>
          <Inlines parts={part.children} />
        </a>
      ) : (
        <a href={part.address} rel="noopener noreferrer nofollow" target="_blank">
          <Inlines parts={part.children} />
        </a>
      );
    default:
      return <>{part.text}</>;
  }
}

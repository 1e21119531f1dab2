/**
 * Which way a metric is better, by its name, and which of several values are the best: the rule of `aimd_core.direction`.
 *
 * tests/fixtures/directions.json is for both.
 */

export type Direction = "min" | "max";

const LOWER = new Set(
  `loss error err rmse mse mae mape msle nll ppl perplexity wer cer ter fid kid lpips eer brier bpb bpd bpc
  entropy crossentropy logloss divergence kl regret latency`.split(/\s+/),
);
const HIGHER = new Set(
  `acc accuracy f1 fbeta auc auroc auprc ap map precision recall sensitivity specificity iou miou dice jaccard kappa
  mcc bleu rouge meteor chrf psnr ssim r2 score reward return ndcg mrr top hit hits em success throughput
  correlation pearson spearman`.split(/\s+/),
);
const LOWER_END = /(loss|error|entropy)$/;
const HIGHER_END = /(accuracy|acc|score)$/;

/** Null when the name does not tell. The last telling word counts: `acc_error` is an error. */
export function directionOf(metric: string): Direction | null {
  const words = metric.toLowerCase().match(/[a-z]+[0-9]*/g) ?? [];
  for (const word of words.reverse()) {
    const stem = word.replace(/[0-9]+$/, "");
    if (LOWER.has(word) || LOWER.has(stem) || LOWER_END.test(stem)) return "min";
    if (HIGHER.has(word) || HIGHER.has(stem) || HIGHER_END.test(stem)) return "max";
  }
  return null;
}

/** The places of the best values: none if the way is unknown, if fewer than two have a value, and if all are equal. */
export function bestOf(values: (number | null)[], direction: Direction | null): Set<number> {
  const finite = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const areAlike = finite.length > 1 && new Set(finite).size === 1;
  const having = values.filter((value) => value !== null).length;
  if (!direction || !finite.length || areAlike || having < 2) return new Set();
  const best = finite.reduce((one, other) => (direction === "min" ? Math.min(one, other) : Math.max(one, other)));
  return new Set(values.flatMap((value, place) => (value === best ? [place] : [])));
}

/** Whether a value is better than another; null where that is unknown, or they are equal. */
export function isBetter(value: number, base: number, direction: Direction | null): boolean | null {
  if (!direction || !Number.isFinite(value - base) || value === base) return null;
  return value > base === (direction === "max");
}

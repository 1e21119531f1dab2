/** A frame that draws objects in space: turned by dragging and by arrows, moved closer by + and -, and back by 0. */

import "./frame.css";
import {
  Box3,
  BufferAttribute,
  BufferGeometry,
  Color,
  DirectionalLight,
  DoubleSide,
  HemisphereLight,
  type Material,
  Mesh,
  MeshStandardMaterial,
  type Object3D,
  PerspectiveCamera,
  Points,
  PointsMaterial,
  Scene,
  Sphere,
  Spherical,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import type { Facts } from "../../src/model/framed";
import { serve, Undrawable } from "./channel";
import { checkObject, MOST_VERTICES, verticesOfObj } from "./object_data";

const element = document.getElementById("drawing") as HTMLDivElement;
const scene = new Scene();
const camera = new PerspectiveCamera(40, 1, 0.01, 1000);
const sky = new HemisphereLight(0xffffff, 0x666677, 2.2);
const lamp = new DirectionalLight(0xffffff, 1.6);
camera.add(lamp);
scene.add(sky, camera);
let stage: { renderer: WebGLRenderer; controls: OrbitControls } | null = null;
let shown: Object3D | null = null;

serve(element, {
  async show(bytes, type, look) {
    checkObject(bytes, type);
    const { renderer } = setUp();
    const object = await read(bytes, type);
    const facts = factsOf(object);
    const isFirst = !shown;
    if (shown) drop(shown);
    shown = object;
    scene.add(object);
    fit(object, isFirst);
    scene.background = new Color(look.back);
    await renderer.compileAsync(scene, camera);
    render();
    return facts;
  },
  async look(look) {
    scene.background = new Color(look.back);
    render();
  },
});

/** Make the drawing surface, once. Throws `Undrawable` without WebGL. */
function setUp() {
  if (stage) return stage;
  let renderer: WebGLRenderer;
  try {
    renderer = new WebGLRenderer({ antialias: true, powerPreference: "low-power" });
  } catch {
    throw new Undrawable("webgl");
  }
  element.append(renderer.domElement);
  const controls = new OrbitControls(camera, renderer.domElement);
  controls.enableZoom = false; // by the wheel, with which a page is scrolled, only once somebody works in here
  addEventListener("pointerdown", () => (controls.enableZoom = true));
  addEventListener("blur", () => (controls.enableZoom = false));
  controls.addEventListener("change", render);
  stage = { renderer, controls };
  new ResizeObserver(resize).observe(element);
  resize();
  return stage;
}

function resize(): void {
  const { clientWidth: width, clientHeight: height } = element;
  if (!stage || !width || !height) return;
  stage.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
  stage.renderer.setSize(width, height, false);
  Object.assign(stage.renderer.domElement.style, { width: "100%", height: "100%" });
  camera.aspect = width / height;
  camera.updateProjectionMatrix();
  render();
}

function render(): void {
  stage?.renderer.render(scene, camera);
}

async function read(bytes: ArrayBuffer, type: string): Promise<Object3D> {
  if (type === "model/gltf-binary" || type === "model/gltf+json") {
    const { GLTFLoader } = await import("three/addons/loaders/GLTFLoader.js");
    const content = type === "model/gltf+json" ? new TextDecoder().decode(bytes) : bytes;
    return (await new GLTFLoader().parseAsync(content, "")).scene;
  }
  if (type === "model/ply") {
    const { PLYLoader } = await import("three/addons/loaders/PLYLoader.js");
    return solid(new PLYLoader().parse(bytes), (geometry) => geometry.index === null);
  }
  if (type === "model/stl") {
    const { STLLoader } = await import("three/addons/loaders/STLLoader.js");
    // Many programs write normals of zero, with which a surface is black.
    return solid(new STLLoader().parse(bytes).deleteAttribute("normal"), () => false);
  }
  const { OBJLoader } = await import("three/addons/loaders/OBJLoader.js");
  const text = new TextDecoder().decode(bytes);
  const group = new OBJLoader().parse(text);
  group.traverse((part) => {
    if (part instanceof Mesh) for (const one of [part.material].flat() as Material[]) one.side = DoubleSide;
  });
  if (countOf(group).vertices) return group;
  const geometry = new BufferGeometry().setAttribute("position", new BufferAttribute(verticesOfObj(text), 3));
  return solid(geometry, () => true);
}

/** A geometry as points or as a surface, in its own colours or a plain one. */
function solid(geometry: BufferGeometry, isCloud: (geometry: BufferGeometry) => boolean): Object3D {
  const vertexColors = geometry.hasAttribute("color");
  const color = vertexColors ? 0xffffff : 0x7a8fb8;
  if (isCloud(geometry)) {
    return new Points(geometry, new PointsMaterial({ size: 2.5, sizeAttenuation: false, color, vertexColors }));
  }
  if (!geometry.hasAttribute("normal")) geometry.computeVertexNormals();
  const material = new MeshStandardMaterial({
    color,
    vertexColors,
    roughness: 0.75,
    metalness: 0.05,
    side: DoubleSide,
  });
  return new Mesh(geometry, material);
}

function countOf(object: Object3D): { vertices: number; faces: number; names: string[] } {
  let [vertices, faces] = [0, 0];
  const names: string[] = [];
  object.traverse((part) => {
    const geometry = (part as Partial<Mesh>).geometry;
    if (!geometry) return;
    const count = geometry.getAttribute("position")?.count ?? 0;
    vertices += count;
    if (part instanceof Mesh) faces += Math.floor((geometry.index?.count ?? count) / 3);
    if (part.name) names.push(part.name);
  });
  return { vertices, faces, names };
}

function factsOf(object: Object3D): Facts {
  const { vertices, faces } = countOf(object);
  if (!vertices) throw new Undrawable("empty");
  if (vertices > MOST_VERTICES) throw new Undrawable("large");
  return { title: "", parts: [], all: 0, points: vertices, drawn: vertices, faces, left: [] };
}

/** Put an object before the camera; for the next ones of a series the direction of view stays. */
function fit(object: Object3D, isFirst: boolean): void {
  const sphere = new Box3().setFromObject(object).getBoundingSphere(new Sphere());
  if (!Number.isFinite(sphere.radius)) throw new Undrawable("damaged");
  const radius = sphere.radius || 1;
  const direction = isFirst
    ? new Vector3(0.7, 0.5, 1)
    : camera.position.clone().sub(stage?.controls.target ?? new Vector3());
  const distance = (0.9 * radius) / Math.sin((camera.fov * Math.PI) / 360);
  camera.position.copy(sphere.center).addScaledVector(direction.normalize(), distance);
  camera.near = distance / 1000;
  camera.far = distance * 100;
  camera.updateProjectionMatrix();
  stage?.controls.target.copy(sphere.center);
  stage?.controls.update();
}

function drop(object: Object3D): void {
  scene.remove(object);
  object.traverse((part) => {
    const { geometry, material } = part as Partial<Mesh>;
    geometry?.dispose();
    for (const one of [material ?? []].flat()) one.dispose();
  });
}

const TURN = Math.PI / 16;

element.addEventListener("keydown", (event) => {
  if (!stage || event.ctrlKey || event.metaKey || event.altKey) return;
  const turns: Record<string, [across: number, down: number, closer: number]> = {
    ArrowLeft: [-TURN, 0, 1],
    ArrowRight: [TURN, 0, 1],
    ArrowUp: [0, -TURN, 1],
    ArrowDown: [0, TURN, 1],
    "+": [0, 0, 0.8],
    "=": [0, 0, 0.8],
    "-": [0, 0, 1.25],
  };
  const turn = turns[event.key];
  if (!turn && event.key !== "0") return;
  event.preventDefault();
  const { target } = stage.controls;
  if (turn) {
    const round = new Spherical().setFromVector3(camera.position.clone().sub(target));
    round.theta += turn[0];
    round.phi += turn[1];
    round.radius *= turn[2];
    camera.position.setFromSpherical(round.makeSafe()).add(target);
    stage.controls.update();
  } else if (shown) fit(shown, true);
  render();
});

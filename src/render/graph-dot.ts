import type { Graph } from "./graph.ts"

const SHAPES: { readonly [kind: string]: string } = { bridge: "ellipse", container: "box", cgroup: "folder", host: "house" }

/** The graph in Graphviz's language. https://graphviz.org/doc/info/lang.html */
export function graphDot({ name, directed, nodes, edges }: Graph): string {
  return [
    `digraph ${quote(name)} {`,
    "  rankdir=LR",
    ...(directed ? [] : ["  edge [dir=none]"]),
    ...nodes.map(({ id, kind }) => `  ${quote(id)} [shape=${SHAPES[kind] ?? "box"}]`),
    ...edges.map(({ from, to, label }) => `  ${quote(from)} -> ${quote(to)}${label === "" ? "" : ` [label=${quote(label)}]`}`),
    "}\n",
  ].join("\n")
}

function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`
}

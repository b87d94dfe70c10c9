/** Bytes of one file. */
export const MAX_SIZE = 2 ** 20
/** Levels of lists and maps in each other. */
export const MAX_DEPTH = 64
/** Containers of one stack, replicas counted. */
export const MAX_CONTAINERS = 10_000
/** Aliases of one file. */
export const MAX_ALIASES = 50
/** Nodes that aliases may add to a document when they are followed. */
export const MAX_COPIES = 100_000

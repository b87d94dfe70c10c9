/** The filter that is made from the container's capabilities: src/seccomp/default-profile.ts */
export const DEFAULT_SECCOMP = "default"
/** No filter. */
export const UNCONFINED = "unconfined"

/** What may be called: methods on paths. */
export interface RolePattern {
  /** As it is written: `GET,POST /v1/orders/**`, `*`. */
  readonly text: string
  /** Upper case; empty for every method. GET speaks for HEAD too. */
  readonly methods: readonly string[]
  /**
   * Segments of the path: a literal is compared character by character with that of a canonical path, `*` is any one segment that
   * is not empty, `**`, only as the last one, all that follows or nothing: `/v1/orders/**` is `/v1/orders` too.
   */
  readonly segments: readonly string[]
}

/** A name for a set of grants over routes. What no role of a caller allows is refused. */
export interface Role {
  readonly name: string
  readonly allow: readonly RolePattern[]
}

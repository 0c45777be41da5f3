import type { Child } from '../children.ts'
import type { Upstream } from '../load/upstream.ts'

/** Where a product is started. */
export interface Workbench {
  readonly upstream: Upstream
  /** A folder of its own for each product; removed after the run. */
  readonly folder: string
}

/** A product that answers requests now. */
export interface Product extends AsyncDisposable {
  /** Everything of it is this process or below it. */
  readonly pid: number
  readonly port: number
  /** The key that a caller shows; products without keys get one too, so that all read the same bytes. */
  readonly key: string
}

/** A product as a row of the table. */
export interface ProductPlan {
  readonly name: string
  /** What it does with every request besides forwarding it. */
  readonly does: string
  /** A caller without the key is refused. */
  readonly asksForKey: boolean
  /** Needed for a bar, thus part of a quick run. */
  readonly forBars: boolean
  /** The Debian package without which it cannot start; null when it comes with the project. */
  readonly debianPackage: string | null
  start(bench: Workbench): Promise<Product>
}

/** The key of products that have a fixed list; as long as one of ours. */
export const peerKey = 'peer_live_000000000000_0123456789abcdefghijklmnopqrstuvwxyzABCD'

/** A product that is one child process. */
export function productOf(child: Child, { port, key }: { port: number; key: string }): Product {
  return { pid: child.pid, port, key, [Symbol.asyncDispose]: async () => child[Symbol.asyncDispose]() }
}

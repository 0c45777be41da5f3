/**
 * Preload: makes a Gatehouse that is started with it keep no records, so that the cost of auditing can be measured as a
 * difference. The product has no such option, and none of its files knows of this: one import of the gateway thread is led
 * elsewhere, everything else is what its user runs. The replacement says in the file `GATEHOUSE_BENCH_MARK` that it was
 * loaded, because a measurement of a gateway that audits after all must not pass for one that does not.
 */
import { registerHooks } from 'node:module'

/** In this file … */
const file = urlOf('src/app/gateway-thread.ts')
/** … this module, which encodes, seals and keeps what it is told of requests, … */
const module = urlOf('src/gate/ledger/mod.ts')
/** … gives way to this one. */
const instead = urlOf('bench/peers/no-record-log.ts')

registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context)
    return file === context.parentURL && module === found.url ? { ...found, url: instead } : found
  },
})

function urlOf(path: string): string {
  return new URL(`../../${path}`, import.meta.url).href
}

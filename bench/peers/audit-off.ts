/**
 * Preload: makes a Gatehouse that is started with it keep no records, so that the cost of auditing can be measured as a
 * difference. The product has no such option, and none of its files knows of this: two imports of the request path are
 * led elsewhere, everything else is what its user runs. Each replacement says in the file `GATEHOUSE_BENCH_MARK` that it
 * was loaded, because a measurement of a gateway that audits after all must not pass for one that does not.
 */
import { registerHooks } from 'node:module'

/** In `file`, the module `instead` takes the place of `module`. */
const replacements = [
  { file: 'src/app/gateway-thread.ts', module: 'src/gate/ledger/mod.ts', instead: 'bench/peers/no-record-log.ts' },
  { file: 'src/gate/handle.ts', module: 'src/core/mod.ts', instead: 'bench/peers/no-record-text.ts' },
].map(({ file, module, instead }) => ({ file: urlOf(file), module: urlOf(module), instead: urlOf(instead) }))

registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context)
    const replacement = replacements.find(({ file, module }) => file === context.parentURL && module === found.url)
    return replacement === undefined ? found : { ...found, url: replacement.instead }
  },
})

function urlOf(path: string): string {
  return new URL(`../../${path}`, import.meta.url).href
}

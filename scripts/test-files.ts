import { globSync } from 'node:fs'

/** Unit and conformance tests share one process (STYLE.md: no globals, no real clock); they are fast and many. */
export function unitTestFiles(): readonly string[] {
  return globSync(['src/**/*.test.ts', 'dashboard/src/**/*.test.ts', 'scripts/*.test.ts', 'bench/*.test.ts'])
    .filter((file) => !isIsolated(file))
    .toSorted()
}

/** Tests that start threads or processes, count time, or are long, have a process of their own each. */
export function isolatedTestFiles(): readonly string[] {
  return globSync(['src/**/*.test.ts', 'test/**/*.test.ts'])
    .filter((file) => file.startsWith('test/') || isIsolated(file))
    .toSorted()
}

/** `*.thread.test.ts` needs a process of its own; `*.slow.test.ts` takes longer than `npm run check` may. */
function isIsolated(file: string): boolean {
  return file.endsWith('.thread.test.ts') || file.endsWith('.slow.test.ts')
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conformsToQueryEngine } from '../../../test/conformance/query-engine.ts'
import { openEmbeddedQueryIndex } from './query-index.ts'

conformsToQueryEngine('embedded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-query-'))
  const problems: string[] = []
  const index = await openEmbeddedQueryIndex({
    path: join(folder, 'index'),
    key: new Uint8Array(32).fill(7),
    read: async () => [],
    onProblem: (why) => void problems.push(why),
    segmentRowsMax: 16,
    keepMs: 100 * 366 * 86_400_000,
    memoryBytesMax: 64 * 1024 ** 2,
  })
  return {
    index,
    [Symbol.asyncDispose]: async () => {
      await index[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
      if (problems.length > 0) throw new Error(problems.join('; '))
    },
  }
})

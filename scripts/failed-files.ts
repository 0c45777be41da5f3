/** A reporter of `node:test` that writes nothing but the files in which a test failed, one in each line. */
import type { TestEvent } from 'node:test/reporters'

interface Told {
  readonly type: string
  readonly data: { readonly file?: string }
}

// oxlint-disable-next-line import/no-default-export -- the runner takes a reporter from the default export
export default async function* failedFiles(events: AsyncIterable<TestEvent | Told>): AsyncGenerator<string> {
  const told = new Set<string>()
  for await (const { type, data } of events as AsyncIterable<Told>) {
    if (type !== 'test:fail' || data.file === undefined || told.has(data.file)) continue
    told.add(data.file)
    yield `${data.file}\n`
  }
}

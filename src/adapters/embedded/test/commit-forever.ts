/** Commits one consumer with one credential after the other and says each revision when it is acknowledged, until killed. */
import { changeOf, sampleConsumer, sampleCredential } from '../../../../test/conformance/control-store.ts'
import { openEmbeddedControlStore } from '../control-store.ts'
import { sampleSealer } from './sample-sealer.ts'

const store = openEmbeddedControlStore(process.argv[2] ?? '', sampleSealer)
const { revision: start } = await store.load()
for (let revision = start + 1; revision < start + 100_000; revision++) {
  const consumer = sampleConsumer(`consumer-${revision}`)
  await store.commit(
    changeOf(revision, { consumers: [consumer], credentials: [sampleCredential(`c${revision}`, consumer)] }),
  )
  process.stdout.write(`${revision}\n`)
}

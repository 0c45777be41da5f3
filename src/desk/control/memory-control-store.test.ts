import { controlStoreConformance } from '../../../test/conformance/control-store.ts'
import { openMemoryControlStore } from './memory-control-store.ts'

controlStoreConformance('openMemoryControlStore()', async () => ({
  store: openMemoryControlStore(),
  reopen: null,
  [Symbol.asyncDispose]: async () => {},
}))

import { type Clock, systemClock } from '../../src/core/mod.ts'
import { type Control, openControl, openMemoryControlStore } from '../../src/desk/control/mod.ts'

export type { Control }

/** The desk's control over a store in memory: real documents and a real outbox of audit events, for as long as the test runs. */
export async function openMemoryControl(clock: Clock = systemClock): Promise<Control> {
  return await openControl({
    store: openMemoryControlStore(),
    clock,
    pepper: new Uint8Array(32),
    publish: async () => true,
  })
}

/** Kinds and details of all audit events that wait for the ledger. */
export async function toldBy(control: Control): Promise<readonly { kind: string; actor: string; details: object }[]> {
  const waiting = await control.outbox.next(10_000)
  return waiting.map(({ event: { kind, actor, details } }) => ({ kind, actor, details }))
}

import { closeSync, fchmodSync, openSync } from 'node:fs'

/** Makes the file, or takes it from others (0600), before SQLite opens it: a journal gets the mode of its database. */
export function makePrivate(path: string): void {
  const file = openSync(path, 'a', 0o600)
  fchmodSync(file, 0o600)
  closeSync(file)
}

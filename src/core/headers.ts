/**
 * Header fields as a flat list `[name, value, name, value, …]` in the order received, names in lower case.
 * A list, not a map: repeated fields must stay visible, or a smuggled second credential would vanish.
 */
export type Headers = readonly string[]

/** The value of the first field of that (lower-case) name, or null. */
export function headerValue(headers: Headers, name: string): string | null {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1] ?? null
  return null
}

/** All values of that (lower-case) name, in order. */
export function headerValues(headers: Headers, name: string): string[] {
  const values: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1]
    if (headers[i] === name && value !== undefined) values.push(value)
  }
  return values
}

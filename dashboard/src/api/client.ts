/** Longest wait for an answer. */
const answerMs = 15_000

/** A problem that the admin API answered with (RFC 9457), or that there was no answer: then `status` is 0. */
export class ApiError extends Error {
  readonly status: number
  /** Stable; see docs/reference. */
  readonly code: string

  constructor(status: number, code: string, detail: string) {
    super(detail)
    this.name = 'ApiError'
    this.status = status
    this.code = code
  }
}

/** How a request is made. */
export interface Asking {
  readonly signal?: AbortSignal
  /** Asked by the page itself and not by its user: it keeps no session alive. @default 'user' */
  readonly by?: 'user' | 'page'
}

/** Reads JSON. The type is the caller's word for what our own server answers. */
export async function getJson<T>(path: string, asking: Asking = {}): Promise<T> {
  const response = await ask(path, { method: 'GET' }, asking)
  return (await response.json()) as T // see above
}

/** Reads text, such as a receipt. */
export async function getText(path: string, asking: Asking = {}): Promise<string> {
  return await (await ask(path, { method: 'GET' }, asking)).text()
}

/** Changes something; null where the answer has no body. */
export async function send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body: object = {}): Promise<T> {
  const headers = { 'content-type': 'application/json' }
  const response = await ask(path, { method, headers, body: JSON.stringify(body) }, {})
  const text = await response.text()
  return (text === '' ? null : JSON.parse(text)) as T // see getJson
}

interface Sent {
  readonly method: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

async function ask(path: string, init: Sent, { signal, by = 'user' }: Asking): Promise<Response> {
  const deadline = AbortSignal.timeout(answerMs)
  const headers = {
    ...init.headers,
    accept: 'application/json, text/plain',
    'x-gatehouse-console': '1',
    ...(by === 'page' ? { 'x-gatehouse-background': '1' } : {}),
  }
  try {
    const response = await fetch(path, {
      ...init,
      headers,
      credentials: 'same-origin',
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    })
    if (!response.ok) throw await problemIn(response)
    return response
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted === true) throw error
    if (deadline.aborted) throw new ApiError(0, 'timed_out', `Gatehouse did not answer within ${answerMs / 1000} s`)
    throw new ApiError(0, 'unreachable', 'Gatehouse does not answer: it may be restarting, or stopped')
  }
}

async function problemIn(response: Response): Promise<ApiError> {
  const text = await response.text()
  try {
    const problem = JSON.parse(text) as { readonly code?: unknown; readonly detail?: unknown } // members are looked at below
    if (typeof problem.code === 'string' && typeof problem.detail === 'string')
      return new ApiError(response.status, problem.code, problem.detail)
  } catch {
    // Not a problem document: somebody between us and Gatehouse answered.
  }
  return new ApiError(response.status, 'unexpected_answer', `Something answered with ${response.status}`)
}

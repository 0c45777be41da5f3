import assert from 'node:assert/strict'
import test from 'node:test'
import { createApp } from './app.ts'
import type { AppOptions } from './app-options.ts'
import { openPaths } from './routes-open.ts'
import { entrancePaths } from './routes-session.ts'
import { openBench } from './test/bench.ts'

interface Operation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly security?: readonly object[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content?: Readonly<Record<string, { readonly schema?: object }>> }
    >
  >
}

interface OpenApi {
  readonly openapi: string
  readonly security: readonly object[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

async function documentOf(): Promise<OpenApi> {
  await using bench = await openBench()
  const answer = await bench.call('GET', '/openapi.json')
  assert.equal(answer.status, 200)
  return answer.body as OpenApi // what it must be is what follows
}

test('createApp() documents every route, each with its words, its answers and its problems', async () => {
  const { openapi, paths } = await documentOf()
  assert.equal(openapi, '3.1.0')
  // Routes are registered without being called: nothing of the options is touched.
  const app = createApp({ version: '0', admins: {}, url: () => '' } as AppOptions)
  const routes = new Set(
    app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{path}')}`),
  )
  const listed = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  assert.deepEqual(new Set(listed), routes)
  assert.ok(routes.size >= 15)
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { summary = '', tags = [], responses, security, parameters = [] }] of Object.entries(methods)) {
      const name = `${method} ${path}`
      assert.ok(summary !== '' && tags.length === 1, name)
      assert.deepEqual(
        parameters.filter((parameter) => parameter.in === 'path').map((parameter) => `{${parameter.name}}`),
        path.match(/\{\w+\}/g) ?? [],
        name,
      )
      const isOpen = openPaths.has(path) || (entrancePaths.has(path) && method === 'post')
      assert.equal(security?.length === 0, isOpen, `${name} is open`)
      if (!isOpen) assert.ok('401' in responses && '421' in responses && '500' in responses, name)
      for (const [status, { description, content = {} }] of Object.entries(responses)) {
        assert.ok(description !== '', `${name} ${status}`)
        if (Number(status) >= 400)
          assert.deepEqual(Object.keys(content), ['application/problem+json'], `${name} ${status}`)
      }
    }
  }
})

test('createApp() refers in its document to nothing that it does not hold', async () => {
  const document = await documentOf()
  const references = new Set(
    [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)].map(
      ([, kind = '', name = '']) => `${kind}/${name}`,
    ),
  )
  assert.ok(references.has('schemas/AccessEvent') && references.has('schemas/Problem'))
  for (const reference of references) {
    const [kind = '', name = ''] = reference.split('/')
    assert.ok(document.components[kind]?.[name] !== undefined, reference)
  }
  assert.equal(JSON.stringify(document).includes('hmac'), false)
})

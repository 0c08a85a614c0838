import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApiServer } from '../api-server.ts'
import type { TestServer } from '../api-server.ts'
import { ask } from './raw.ts'

const PATH = '/api/v1/namespaces/default/configmaps'
let server: TestServer

beforeAll(async () => {
  server = await startApiServer()
  await ask(server.admin, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', DEFINITION)
  await ask(server.admin, 'POST', PATH, JSON.stringify(configMap('target', { a: 'b' })))
  for (const name of ['target', 'clean'])
    await ask(server.admin, 'POST', THINGS, JSON.stringify(thing(name, { a: 'b' })))
})

afterAll(() => server[Symbol.asyncDispose]())

const THINGS = '/apis/abuse.dev/v1/namespaces/default/things'

/** A kind that keeps whatever it is sent. */
const DEFINITION = JSON.stringify({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.abuse.dev' },
  spec: {
    group: 'abuse.dev',
    scope: 'Namespaced',
    names: { kind: 'Thing', plural: 'things', singular: 'thing', listKind: 'ThingList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
})

const configMap = (name: string, data: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
})
const thing = (name: string, spec: unknown) => ({ apiVersion: 'abuse.dev/v1', kind: 'Thing', metadata: { name }, spec })

/** The JSON of a thing with `spec` put in as it is. */
const thingText = (name: string, spec: string) => JSON.stringify(thing(name, 0)).replace('"spec":0', `"spec":${spec}`)

async function post(text: string | Uint8Array, contentType = 'application/json', path = THINGS) {
  const { code, text: answer } = await ask(server.admin, 'POST', path, text, { 'content-type': contentType })
  return { code, message: code < 300 ? '' : String((JSON.parse(answer) as { message: string }).message), answer }
}

/** A server that has been harmed does not do this. */
async function expectUnharmed(): Promise<void> {
  const { code } = await ask(server.admin, 'GET', `${PATH}/target`)
  expect(code).toBe(200)
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
}

describe('values that are too deep or too wide', () => {
  const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

  test.each([
    ['JSON', deep(500_000), 'application/json'],
    ['JSON of objects', '{"a":'.repeat(200_000) + '0' + '}'.repeat(200_000), 'application/json'],
    ['JSON just beyond the bound', deep(1_001), 'application/json'],
  ])('%s that is nested too deeply is a bad request', async (_name, spec, type) => {
    expect(await post(thingText('deep', spec), type)).toMatchObject({ code: 400, message: 'json: exceeded max depth' })
    await expectUnharmed()
  })

  test('YAML that is nested too deeply is a bad request', async () => {
    const { code } = await post(
      `apiVersion: abuse.dev/v1\nkind: Thing\nmetadata: {name: deep}\nspec: ${deep(20_000)}\n`,
      'application/yaml',
    )
    expect(code).toBe(400)
    await expectUnharmed()
  })

  test('a value as deep as the bound allows is kept', async () => {
    expect((await post(thingText('deep-enough', deep(900)))).code).toBe(201)
    const { text } = await ask(server.admin, 'GET', `${THINGS}/deep-enough`)
    expect(text).toContain(`"spec":${deep(900)}`)
  })

  test('patches are bounded as bodies are', async () => {
    for (const type of ['merge-patch+json', 'json-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml']) {
      const headers = { 'content-type': `application/${type}` }
      const path = type.startsWith('strategic') ? `${PATH}/target` : `${THINGS}/target`
      const body = `{"spec":${deep(100_000)}}`
      const { code } = await ask(server.admin, 'PATCH', `${path}?fieldManager=x`, body, headers)
      expect([type, code]).toEqual([type, 400])
    }
    await expectUnharmed()
  })

  test('more fields than the bound are refused with 413', async () => {
    const fields = Array.from({ length: 250_001 }, (_, i) => `"k${i}":0`).join(',')
    expect(await post(thingText('wide', `{${fields}}`))).toMatchObject({
      code: 413,
      message: 'Request entity has 250006 fields and values: limit is 250000',
    })
  })

  test('a JSON patch whose copies double a value again and again is refused with 413, as Kubernetes bounds them', async () => {
    const double = [
      { op: 'copy', from: '/spec/x', path: '/spec/y' },
      { op: 'add', path: '/spec/x/-', value: 0 },
      { op: 'copy', from: '/spec/y', path: '/spec/x/-' },
    ]
    const patch = [
      { op: 'add', path: '/spec/x', value: ['x'.repeat(100)] },
      ...Array.from({ length: 40 }, () => double).flat(),
    ]
    const { code, text } = await ask(server.admin, 'PATCH', `${THINGS}/target`, JSON.stringify(patch), {
      'content-type': 'application/json-patch+json',
    })
    expect({ code, text }).toMatchObject({
      code: 413,
      text: expect.stringContaining('the accumulated size increase of copy operation is') as string,
    })
  })
})

describe('YAML', () => {
  const yaml = (rest: string) => `apiVersion: abuse.dev/v1\nkind: Thing\nmetadata: {name: bomb}\n${rest}`

  test.each([
    [
      'aliases of aliases',
      `${Array.from(
        { length: 9 },
        (_, i) =>
          `l${i + 1}: &l${i + 1} [${Array(9)
            .fill(i === 0 ? 'x' : `*l${i}`)
            .join(',')}]`,
      ).join('\n')}\n`,
    ],
    [
      'merges of merges',
      `a0: &a0 {k: v}\n${Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} {${Array.from({ length: 9 }, (__, j) => `k${j}: {<<: *a${i}}`).join(', ')}}`).join('\n')}\n`,
    ],
    ['an alias of itself', 'spec: &a [*a]\n'],
    ['an alias of nothing', 'spec: *nothing\n'],
    ['not a number', 'spec: .nan\n'],
    ['infinity', 'spec: -.inf\n'],
  ])('%s: a bad request', async (_name, rest) => {
    expect((await post(yaml(rest), 'application/yaml')).code).toBe(400)
    await expectUnharmed()
  })

  test('that is not UTF-8 is a bad request', async () => {
    const bytes = Buffer.concat([Buffer.from(yaml('spec: "')), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('"\n')])
    expect(await post(bytes, 'application/yaml')).toMatchObject({
      code: 400,
      message: expect.stringContaining('yaml: invalid UTF-8') as string,
    })
  })
})

describe('names that mean something to JavaScript', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']

  test('are fields like others in JSON', async () => {
    const data = `{${names.map((name) => `"${name}":{"polluted":"yes"}`).join(',')}}`
    const { code, answer } = await post(thingText('names', data))
    expect(code).toBe(201)
    expect(answer).toContain(`"spec":${data}`)
    await expectUnharmed()
  })

  test('are fields like others in YAML', async () => {
    const data = names.map((name) => `  ${name}: {polluted: "yes"}\n`).join('')
    const { code, answer } = await post(
      `apiVersion: abuse.dev/v1\nkind: Thing\nmetadata: {name: names-yaml}\nspec:\n${data}`,
      'application/yaml',
    )
    expect(code).toBe(201)
    for (const name of names) expect(answer).toContain(`"${name}":{"polluted":"yes"}`)
    await expectUnharmed()
  })

  test.each(['merge-patch+json', 'apply-patch+yaml'])('are fields like others in a %s', async (type) => {
    const head = type.startsWith('apply') ? '"apiVersion":"abuse.dev/v1","kind":"Thing",' : ''
    const patch = `{${head}"spec":{${names.map((name) => `"${name}":{"polluted":"yes"}`).join(',')}}}`
    const headers = { 'content-type': `application/${type}` }
    const { code, text } = await ask(
      server.admin,
      'PATCH',
      `${THINGS}/target?fieldManager=x${type.startsWith('apply') ? '&force=true' : ''}`,
      patch,
      headers,
    )
    expect(code).toBe(200)
    for (const name of names) expect(text).toContain(`"${name}":{"polluted":"yes"}`)
    await expectUnharmed()
  })

  test('are keys like others of a strategic merge patch', async () => {
    const patch = '{"data":{"__proto__":"a","constructor":"b"},"metadata":{"labels":{"__proto__":"c"}}}'
    const headers = { 'content-type': 'application/strategic-merge-patch+json' }
    const { code } = await ask(server.admin, 'PATCH', `${PATH}/target`, patch, headers)
    expect([200, 422]).toContain(code)
    await expectUnharmed()
  })

  test.each([
    '/__proto__/polluted',
    '/constructor/prototype/polluted',
    '/spec/__proto__/polluted',
    '/spec/constructor/prototype/polluted',
    '/metadata/labels/__proto__/polluted',
    '/spec/toString/polluted',
    '/toString/polluted',
    'polluted',
  ])('lead a JSON patch nowhere: %s', async (path) => {
    const headers = { 'content-type': 'application/json-patch+json' }
    for (const op of [
      { op: 'add', path, value: 'yes' },
      { op: 'replace', path, value: 'yes' },
      { op: 'copy', from: '/metadata/name', path },
      { op: 'move', from: '/spec/a', path },
    ]) {
      const { code } = await ask(server.admin, 'PATCH', `${THINGS}/clean`, JSON.stringify([op]), headers)
      expect(code).toBe(422)
      await expectUnharmed()
    }
  })
})

describe('numbers', () => {
  test.each(['1e400', '-1e999', '9'.repeat(400)])('one that no double holds is a bad request: %s', async (number) => {
    expect(await post(thingText('number', number))).toMatchObject({
      code: 400,
      message: `json: cannot unmarshal number ${number.slice(0, 100)} into Go value of type float64`,
    })
  })

  test.each(['9007199254740991', '9223372036854775807', '-0.1', '1e308', '0.1234567890123456789', '1e-400'])(
    'others are kept: %s',
    async (number) => {
      const { code } = await post(thingText(`n${number.replaceAll(/[^0-9a-z]/g, '')}`, number))
      expect(code).toBe(201)
    },
  )

  test('one that no field of a built-in kind takes is refused by that field', async () => {
    const pod = `{"apiVersion":"v1","kind":"Service","metadata":{"name":"p"},"spec":{"ports":[{"port":1e30}]}}`
    const { code } = await post(pod, 'application/json', '/api/v1/namespaces/default/services')
    expect(code).toBe(400)
  })
})

describe('bytes that are no text', () => {
  test('invalid UTF-8 in JSON becomes replacement characters, as in Go', async () => {
    const [before = '', after = ''] = thingText('utf8', '"X"').split('X')
    const bytes = Buffer.concat([Buffer.from(before), Buffer.from([0xff, 0xc3, 0x28]), Buffer.from(after)])
    const { code, answer } = await post(bytes)
    expect(code).toBe(201)
    expect(answer).toContain('"spec":"\uFFFD\uFFFD("')
  })

  test('a body that says it is compressed is not decompressed: a bomb stays small', async () => {
    const bomb = gzipSync(Buffer.alloc(100_000_000, '{'))
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const { code } = await ask(server.admin, 'POST', PATH, bomb, headers)
    expect(code).toBe(400)
    await expectUnharmed()
  })

  test('Protobuf that is cut off, of another kind, or nested without end is a bad request', async () => {
    const type = 'application/vnd.kubernetes.protobuf'
    const field = (number: number, bytes: Buffer) => {
      const length: number[] = []
      for (let rest = bytes.length; ; rest >>>= 7) {
        length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest)
        if (rest <= 0x7f) break
      }
      return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes])
    }
    const typeMeta = field(
      1,
      Buffer.concat([
        field(1, Buffer.from('apiextensions.k8s.io/v1')),
        field(2, Buffer.from('CustomResourceDefinition')),
      ]),
    )
    // A schema whose `not` (27) is a schema, and so on, without end.
    let nested = Buffer.alloc(0)
    for (let i = 0; i < 2_000; i++) nested = field(27, nested)
    const schema = (bytes: Buffer) => field(2, field(2, field(7, field(4, field(1, bytes)))))
    const bodies = [
      Buffer.from('k8s\0'),
      Buffer.from('nonsense'),
      Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f])]),
      Buffer.concat([Buffer.from('k8s\0'), typeMeta, field(2, Buffer.from([0x0a, 0x7f]))]),
      Buffer.concat([Buffer.from('k8s\0'), Buffer.alloc(100, 0xff)]),
      Buffer.concat([Buffer.from('k8s\0'), typeMeta, schema(nested)]),
    ]
    for (const body of bodies) {
      const { code } = await post(body, type, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions')
      expect(code).toBe(400)
    }
    await expectUnharmed()
  })
})

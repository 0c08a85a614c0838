import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { ApiError } from '../../src/api/meta/status.ts'
import { canonicalQuantity, parseQuantity } from '../../src/api/meta/quantity.ts'
import { createApiServer } from '../../src/apiserver/api-server.ts'
import { readPatch } from '../../src/apiserver/http/patch-body.ts'
import { parseQuery } from '../../src/apiserver/http/query-options.ts'
import { readObject } from '../../src/apiserver/http/request-body.ts'
import { parsePath } from '../../src/apiserver/http/request-path.ts'
import { allowAll } from '../../src/apiserver/verbs/authorizer.ts'
import type { RequestContext } from '../../src/apiserver/verbs/request.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { compile } from '../../src/expression/cel/environment.ts'
import { DYN } from '../../src/expression/cel/cel-type.ts'
import { CompileError } from '../../src/expression/cel/syntax.ts'
import { BudgetError, EvaluationError } from '../../src/expression/cel/values.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'

/** Reads inputs of one form, all the way to where the server would act on them, and rejects as the server would answer. */
export interface Decoder {
  readonly name: string
  readonly corpus: readonly Buffer[]
  decode(bytes: Buffer): Promise<void> | void
}

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'fuzz', labels: { a: 'b', 'x.io/y': 'z' }, annotations: { note: 'é\u2028' } },
  spec: {
    containers: [
      {
        name: 'main',
        image: 'i',
        ports: [{ containerPort: 80 }],
        env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        resources: { requests: { cpu: '100m', memory: '1Ki' } },
      },
    ],
    tolerations: [{ operator: 'Exists' }],
    terminationGracePeriodSeconds: 30,
  },
}
const YAML = [
  'apiVersion: v1\nkind: Pod\nmetadata: &m {name: fuzz, labels: {a: b}}\nspec:\n  containers:\n  - name: main\n    image: i\n    args: ["-c", |\n      x\n    ]\n',
  'apiVersion: v1\nkind: Pod\nmetadata: {name: fuzz}\nspec: {containers: [&c {name: a, image: i}, {<<: *c, name: b}], priority: 0o17}\n',
]
const PATCHES = {
  'json-patch+json': [
    [
      { op: 'add', path: '/metadata/labels/x', value: 'y' },
      { op: 'test', path: '/spec/containers/0/name', value: 'main' },
    ],
    [
      { op: 'move', from: '/metadata/labels/a', path: '/metadata/annotations/a' },
      { op: 'copy', from: '/spec/tolerations/-1', path: '/spec/tolerations/-' },
    ],
  ],
  'merge-patch+json': [{ metadata: { labels: { a: null, c: 'd' } }, spec: { activeDeadlineSeconds: 5 } }],
  'strategic-merge-patch+json': [
    {
      spec: {
        containers: [
          { name: 'main', image: 'j' },
          { name: 'gone', $patch: 'delete' },
        ],
        '$setElementOrder/containers': [{ name: 'main' }],
      },
    },
    {
      metadata: { $retainKeys: ['labels'], labels: { $patch: 'replace', z: 'w' } },
      spec: { '$deleteFromPrimitiveList/x': [1] },
    },
  ],
  'apply-patch+yaml': [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'fuzz', labels: { k: 'v' } },
      spec: { containers: [{ name: 'main', image: 'i' }] },
    },
  ],
} as const
const SELECTORS = [
  'a=b,c!=d',
  'a in (b, c),!d',
  'x.io/y notin (z),e',
  'metadata.name=fuzz,spec.nodeName!=n',
  'a>1',
  'status.phase=Running',
]
const EXPRESSIONS = [
  'self.metadata.name.startsWith("a") && size(self.spec) > 1',
  'has(self.x) ? self.x.all(i, i < 10) : quantity("1Ki").isGreaterThan(quantity("1"))',
  '[1, 2].map(x, x * 2).filter(x, x > 2).exists(x, x == 4) && "a\\u0041".matches("^[a-z]+$")',
  'duration("1h") + timestamp("2026-01-01T00:00:00Z") != timestamp("2026-01-01T01:00:00Z")',
]

const buffers = (texts: readonly unknown[]): readonly Buffer[] =>
  texts.map((text) => Buffer.from(typeof text === 'string' ? text : JSON.stringify(text)))

/** A message of Protobuf as Kubernetes wraps it: `k8s`, its type, then a Pod with a name and a container. */
function protobufPod(): Buffer {
  const field = (number: number, bytes: Uint8Array | string) => {
    const content = Buffer.from(bytes as string)
    return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content])
  }
  const type = field(1, Buffer.concat([field(1, 'v1'), field(2, 'Pod')]))
  const labels = field(11, Buffer.concat([field(1, 'a'), field(2, 'b')]))
  const metadata = field(1, Buffer.concat([field(1, 'fuzz'), labels]))
  const spec = field(2, field(2, Buffer.concat([field(1, 'main'), field(2, 'i')])))
  return Buffer.concat([Buffer.from('k8s\0'), type, field(2, Buffer.concat([metadata, spec]))])
}

/** Every decoder, on a server of its own that knows one Pod. Whatever they read is tried as a dry run. */
export async function createDecoders(): Promise<{ readonly decoders: readonly Decoder[]; close(): Promise<void> }> {
  const environment = systemEnvironment('error')
  const store = createMemoryStore(environment)
  const server = await createApiServer({ environment, store, authorizer: allowAll, plugins: [] })
  const resource = server.registry.find('', 'v1', 'pods')!
  const context: RequestContext = { user: { name: 'fuzz', groups: [] }, userAgent: 'fuzz', warn: () => {} }
  const at = { resource, namespace: 'default' }
  await server.verbs.create(context, at, { value: structuredClone(POD) })
  const request = (bytes: Buffer, type: string) =>
    Object.assign(Readable.from([bytes]), { headers: { 'content-type': type } }) as unknown as IncomingMessage
  const creating = (name: string, type: string, corpus: readonly Buffer[]): Decoder => ({
    name,
    corpus,
    async decode(bytes) {
      const body = await readObject(request(bytes, type), resource.type, server.registry)
      await server.verbs.create(context, at, body, { dryRun: true, fieldValidation: 'Strict' })
    },
  })
  const patching = Object.entries(PATCHES).map(([type, corpus]): Decoder => ({
    name: type,
    corpus: buffers(corpus),
    async decode(bytes) {
      const patch = await readPatch(request(bytes, `application/${type}`))
      await server.verbs.patch(context, { ...at, name: 'fuzz' }, patch, { dryRun: true, fieldManager: 'fuzz' })
    },
  }))
  const text = (
    name: string,
    corpus: readonly string[],
    decode: (text: string) => Promise<unknown> | unknown,
  ): Decoder => ({
    name,
    corpus: buffers(corpus),
    decode: async (bytes) => void (await decode(bytes.toString())),
  })
  const decoders = [
    creating('JSON', 'application/json', buffers([POD])),
    creating('YAML', 'application/yaml', buffers(YAML)),
    creating('Protobuf', 'application/vnd.kubernetes.protobuf', [protobufPod()]),
    ...patching,
    text('label selectors', SELECTORS, (labelSelector) => server.verbs.list(context, at, { labelSelector })),
    text('field selectors', SELECTORS, (fieldSelector) => server.verbs.list(context, at, { fieldSelector })),
    text(
      'continue tokens',
      [Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"a\\u0000"}').toString('base64url')],
      (token) => server.verbs.list(context, at, { continue: token, limit: 1 }),
    ),
    text('quantities', ['100m', '1.5Gi', '-1e3', '12E', '0.000000001', '1Ki'], roundQuantity),
    text('CEL', EXPRESSIONS, evaluate),
    text('paths', ['/api/v1/namespaces/a/pods/b/status?x=1&y=%20', '/apis/a.io/v1/things?watch=1'], (url) => {
      parsePath(url.split('?')[0]!)
      parseQuery(url.split('?')[1] ?? '')
    }),
  ]
  const close = async () => {
    await server[Symbol.asyncDispose]()
    await store.close()
  }
  return { decoders, close }
}

/** What is written of a quantity reads as the same one. */
function roundQuantity(text: string): void {
  const canonical = canonicalQuantity(text)
  if (canonical === undefined) return
  const [was, is] = [parseQuantity(text), parseQuantity(canonical)]
  if (was?.nanos !== is?.nanos || canonicalQuantity(canonical) !== canonical)
    throw new Error(`the quantity "${text}" is written as "${canonical}", which is another one`)
}

function evaluate(source: string): void {
  const program = compile(source, new Map(['self', 'a'].map((name) => [name, DYN])))
  program.evaluate(() => 1n, { remaining: 10_000 })
}

/** Whether an error is an answer: to a client (some of Kubernetes' own are 500), or to whoever wrote an expression. */
export function isAnswer(error: unknown): boolean {
  return [ApiError, CompileError, EvaluationError, BudgetError].some((family) => error instanceof family)
}

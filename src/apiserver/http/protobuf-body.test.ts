import { expect, test } from 'vitest'
import { decodeProtobuf } from './protobuf-body.ts'

/** One field of a message whose value has a length: texts and messages, all under 128 bytes here. */
const field = (number: number, ...parts: readonly (string | Buffer)[]) => {
  const value = Buffer.concat(parts.map((part) => Buffer.from(part)))
  return Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), value])
}

const body = (apiVersion: string, kind: string, ...fields: readonly Buffer[]) =>
  Buffer.concat([Buffer.from('k8s\0'), field(1, field(1, apiVersion), field(2, kind)), field(2, ...fields)])

const named = field(1, field(1, 'x'))

test('protobuf body: what a message embeds stands in its parent, under the names that JSON has for it', () => {
  const rule = [field(1, 'CREATE'), field(2, field(1, ''), field(2, 'v1'), field(3, 'configmaps'))]
  const webhook = field(2, field(1, 'a.b.c'), field(3, ...rule))
  expect(
    decodeProtobuf(body('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', named, webhook)),
  ).toEqual({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'x' },
    webhooks: [
      {
        name: 'a.b.c',
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      },
    ],
  })
})

test('protobuf body: the rules of an Ingress keep their paths', () => {
  const path = field(1, field(1, '/'), field(3, 'Prefix'))
  const spec = field(2, field(3, field(1, 'a.example'), field(2, field(1, path))))
  expect(decodeProtobuf(body('networking.k8s.io/v1', 'Ingress', named, spec))).toMatchObject({
    spec: { rules: [{ host: 'a.example', http: { paths: [{ path: '/', pathType: 'Prefix' }] } }] },
  })
})

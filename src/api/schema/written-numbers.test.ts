import { expect, test } from 'vitest'
import { parseWrittenJson } from '../meta/big-integers.ts'
import { BUILT_IN_RESOURCES } from '../generated/resources.ts'
import type { ResourceType } from '../resource-type.ts'
import { decodeObject } from './decode.ts'

const pods = BUILT_IN_RESOURCES.find(({ kind, version }) => kind === 'Pod' && version === 'v1') as ResourceType

const specOf = (spec: string): string => {
  const body = parseWrittenJson(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":${spec}}`)
  return JSON.stringify((decodeObject(pods, body).object as unknown as { readonly spec: unknown }).spec)
}

// What kube-apiserver 1.34.4 answered to the same bodies.
test.each([
  '{"terminationGracePeriodSeconds":9007199254740993}',
  '{"terminationGracePeriodSeconds":9223372036854775807}',
  '{"terminationGracePeriodSeconds":-9223372036854775808}',
  '{"tolerations":[{"tolerationSeconds":9007199254740993}]}',
])('%s is kept to the last digit', (spec) => expect(specOf(spec)).toContain(spec.slice(0, -1)))

test.each([
  ['9223372036854775808', 'int64'],
  ['1.0', 'int64'],
  ['1e2', 'int64'],
  ['1E1', 'int64'],
  ['1e20', 'int64'],
  ['12345678901234567890123', 'int64'],
])('%s is no integer of 64 bits, as it is written', (text, type) => {
  const where = 'Go struct field PodSpec.spec.terminationGracePeriodSeconds'
  const wrong = `json: cannot unmarshal number ${text} into ${where} of type ${type}`
  expect(() => specOf(`{"terminationGracePeriodSeconds":${text}}`)).toThrow(wrong)
})

test.each(['2147483648', '-2147483649', '1.0', '9223372036854775807'])(
  'a port may not be %s: it has 32 bits',
  (text) => {
    const port = `{"containers":[{"name":"c","livenessProbe":{"httpGet":{"port":${text}}}}]}`
    const where = 'Go struct field HTTPGetAction.spec.containers.livenessProbe.httpGet.port'
    expect(() => specOf(port)).toThrow(`json: cannot unmarshal number ${text} into ${where} of type int32`)
  },
)

test('the least integer of 32 bits is one: whether it makes sense is for validation to say', () => {
  expect(specOf('{"priority":-2147483648}')).toContain('"priority":-2147483648')
})

test.each([
  ['9007199254740993', '9007199254740993'],
  ['0.10', '100m'],
  ['1e2', '100'],
  ['1e3', '1e3'],
  ['9223372036854775808', '9223372036854775808'],
  ['"0.0000000001"', '1m'],
  ['"100Ei"', '9223372036854775807'],
  ['"1e30"', '1e30'],
])('an amount of a resource that is written %s is %s', (text, amount) => {
  const limits = (value: string) => `{"containers":[{"name":"c","resources":{"limits":{"memory":${value}}}}]}`
  expect(specOf(limits(text))).toContain(`"limits":{"memory":"${amount}"}`)
})

test('what no type is asked of has its value, not its text', () => {
  const revisions = BUILT_IN_RESOURCES.find(({ kind }) => kind === 'ControllerRevision') as ResourceType
  const text =
    '{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"a"},"revision":1,"data":{"a":9007199254740993,"b":1.5}}'
  const { object } = decodeObject(revisions, parseWrittenJson(text))
  expect(JSON.stringify(object)).toContain('"data":{"a":9007199254740993,"b":1.5}')
})

import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/object.ts'
import { negotiate } from './accept.ts'
import { wantsCompression } from './answer.ts'
import { duplicateFields } from './duplicate-fields.ts'
import { encodeList } from './list-encoding.ts'
import { listOptions, parseQuery, writeOptions } from './query-options.ts'
import { parsePath } from './request-path.ts'

test('paths name collections, objects, subresources and namespaces', () => {
  expect(parsePath('/api/v1/pods')).toEqual({ group: '', version: 'v1', plural: 'pods' })
  expect(parsePath('/api/v1/namespaces')).toEqual({ group: '', version: 'v1', plural: 'namespaces' })
  expect(parsePath('/api/v1/namespaces/x')).toEqual({ group: '', version: 'v1', plural: 'namespaces', name: 'x' })
  const finalize = { group: '', version: 'v1', plural: 'namespaces', name: 'x', subresource: 'finalize' }
  expect(parsePath('/api/v1/namespaces/x/finalize')).toEqual(finalize)
  const status = {
    group: 'apps',
    version: 'v1',
    plural: 'deployments',
    namespace: 'x',
    name: 'y',
    subresource: 'status',
  }
  expect(parsePath('/apis/apps/v1/namespaces/x/deployments/y/status')).toEqual(status)
  expect(parsePath('/api/v1/namespaces/x/pods/a%3Ab')).toMatchObject({ name: 'a:b' })
  expect(parsePath('/api/v1/namespaces/x/services/s/proxy/a/b')).toMatchObject({ subresource: 'proxy', rest: 'a/b' })
})

test('paths above a resource belong to discovery', () => {
  for (const path of ['/', '/api', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1', '/healthz', '/api//pods']) {
    expect(parsePath(path)).toEqual({ other: path })
  }
})

test('the first form that can be given is taken from an Accept header, and none at all is NotAcceptable', () => {
  const kubectl = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io'
  expect(negotiate(kubectl)).toEqual({ encoding: 'json', as: 'Table', version: 'v1', group: 'meta.k8s.io' })
  expect(negotiate('application/vnd.kubernetes.protobuf,application/json')).toEqual({ encoding: 'json' })
  expect(negotiate('application/json;q=0.5,application/yaml')).toEqual({ encoding: 'yaml' })
  expect(negotiate('application/json;as=Unknown;g=x;v=v1,*/*')).toEqual({ encoding: 'json' })
  // Whoever reads Protobuf reads JSON too, by the type that the answer names.
  expect(negotiate('application/vnd.kubernetes.protobuf')).toEqual({ encoding: 'json' })
  const watched = 'application/vnd.kubernetes.protobuf;stream=watch;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
  expect(negotiate(watched)).toMatchObject({ encoding: 'json', as: 'PartialObjectMetadata' })
  expect(() => negotiate('application/*')).toThrow(/^406: Not Acceptable/)
  expect(() => negotiate('text/csv')).toThrow(/^406: Not Acceptable/)
})

test('fields that stand twice are named by their path', () => {
  expect(duplicateFields('{"a":1,"b":{"c":[{"d":1,"d":2},{"d":3}],"a":"x\\"a"},"a":2}')).toEqual(['b.c[0].d', 'a'])
  expect(duplicateFields('{"a":"a","b":["a","a"],"c":{"a":{}}}')).toEqual([])
})

test('items of built-in kinds lose apiVersion and kind in a list, in whichever order they were stored', () => {
  const first = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } } as KubeObject
  const second = { metadata: { name: 'b' }, kind: 'Pod', apiVersion: 'v1' } as KubeObject
  const list = { apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion: '7' }, items: [first, second, first] }
  const named = (name: string) => ({ metadata: { name } })
  const decode = (encoded: ReturnType<typeof encodeList>) => {
    const bytes = Buffer.concat([...encoded.pieces()])
    expect(bytes).toHaveLength(encoded.size)
    return JSON.parse(bytes.toString()) as unknown
  }
  expect(decode(encodeList(list, false))).toEqual({ ...list, items: [named('a'), named('b'), named('a')] })
  expect(decode(encodeList(list, true))).toEqual(list)
  expect(decode(encodeList({ ...list, items: [] }, false))).toEqual({ ...list, items: [] })
})

test('options are read from the query with the words of Go where they are wrong', () => {
  expect(listOptions(parseQuery('limit=5&labelSelector=a%3Db'))).toEqual({ limit: 5, labelSelector: 'a=b' })
  expect(() => listOptions(parseQuery('limit=x'))).toThrow('strconv.ParseInt: parsing "x": invalid syntax')
  expect(writeOptions(parseQuery('dryRun=All&fieldManager=m'), 'PatchOptions')).toEqual({
    dryRun: true,
    fieldManager: 'm',
  })
  expect(() => writeOptions(parseQuery('dryRun=Some'), 'CreateOptions')).toThrow(
    'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
  )
})

test('big answers are compressed for other machines only', () => {
  expect(wantsCompression('gzip', '192.0.2.1', 1_000_000)).toBe(true)
  expect(wantsCompression('br, gzip;q=1', '192.0.2.1', 1_000_000)).toBe(true)
  expect(wantsCompression('gzip', '192.0.2.1', 1000)).toBe(false)
  expect(wantsCompression(undefined, '192.0.2.1', 1_000_000)).toBe(false)
  expect(wantsCompression('gzip', '::ffff:127.0.0.1', 1_000_000)).toBe(false)
})

import { expect, test } from 'vitest'
import type { Ingress, IngressSpec } from '../../api/generated/networking-v1.ts'
import { routeFor, routeTable } from './routes.ts'

function ingress(name: string, spec: IngressSpec): Ingress {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { namespace: 'n', name }, spec }
}

const to = (name: string) => ({ service: { name, port: { number: 80 } } })
const rule = (host: string | undefined, ...paths: readonly (readonly [string, string, string])[]) => ({
  ...(host !== undefined && { host }),
  http: { paths: paths.map(([path, pathType, name]) => ({ path, pathType, backend: to(name) })) },
})
const table = (...rules: readonly ReturnType<typeof rule>[]) => routeTable([ingress('i', { rules })])
const target = (of: ReturnType<typeof table>, host: string, path: string) => routeFor(of, host, path)?.backend?.service

// Kubernetes' own table of examples for path types.
test('routes: Prefix fits whole elements, with and without a slash at the end; Exact fits nothing else', () => {
  const all: readonly [string, string, string, boolean][] = [
    ['Prefix', '/', '/any/path', true],
    ['Exact', '/foo', '/foo', true],
    ['Exact', '/foo', '/bar', false],
    ['Exact', '/foo', '/foo/', false],
    ['Exact', '/foo/', '/foo', false],
    ['Prefix', '/foo', '/foo', true],
    ['Prefix', '/foo', '/foo/', true],
    ['Prefix', '/foo/', '/foo', true],
    ['Prefix', '/foo/', '/foo/', true],
    ['Prefix', '/aaa/bb', '/aaa/bbb', false],
    ['Prefix', '/aaa/bbb', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb/', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/ccc', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbbxyz', false],
    ['ImplementationSpecific', '/foo', '/foo/bar?x=1', true],
  ]
  const found = all.map(([type, path, asked]) => target(table(rule(undefined, [path, type, 's'])), 'h', asked) === 's')
  expect(found).toEqual(all.map(([, , , fits]) => fits))
})

test('routes: the longest path wins, of two alike the exact one', () => {
  const paths = rule(undefined, ['/', 'Prefix', 'root'], ['/aaa', 'Prefix', 'short'], ['/aaa/bbb', 'Prefix', 'long'])
  const exact = rule(undefined, ['/aaa', 'Exact', 'exact'])
  expect(['/ccc', '/aaa', '/aaa/x', '/aaa/bbb/c'].map((path) => target(table(paths, exact), 'h', path))).toEqual([
    'root',
    'exact',
    'short',
    'long',
  ])
})

test('routes: a host of its own over a wildcard, which stands for one label, over any', () => {
  const hosts = table(
    rule(undefined, ['/', 'Prefix', 'any']),
    rule('*.foo.com', ['/', 'Prefix', 'wild']),
    rule('bar.foo.com', ['/', 'Prefix', 'own']),
  )
  const asked = ['bar.foo.com', 'Bar.Foo.com:8080', 'x.foo.com', 'x.y.foo.com', 'foo.com']
  expect(asked.map((host) => target(hosts, host, '/'))).toEqual(['own', 'own', 'wild', 'any', 'any'])
})

test('routes: what fits no rule goes to the default backend, of two Ingresses the older counts', () => {
  const old = ingress('old', { defaultBackend: to('default'), rules: [rule('h', ['/a', 'Prefix', 'first'])] })
  const young = ingress('young', { rules: [rule('h', ['/a', 'Prefix', 'second'])] })
  const aged = (one: Ingress, creationTimestamp: string) => ({
    ...one,
    metadata: { ...one.metadata, creationTimestamp },
  })
  const both = routeTable([aged(young, '2026-01-02T00:00:00Z'), aged(old, '2026-01-01T00:00:00Z')])
  expect([target(both, 'h', '/a'), target(both, 'h', '/b'), target(both, 'x', '/')]).toEqual([
    'first',
    'default',
    'default',
  ])
  expect(routeFor(table(rule('h', ['/a', 'Prefix', 's'])), 'h', '/b')).toBeUndefined()
})

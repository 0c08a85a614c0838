import { oddPatches } from './odd-patches.ts'
import type { OddRequest, Target } from './odd-request.ts'
import { oddRemovals, oddWrites } from './odd-writes.ts'

/** All that is tried on one object. Nothing of it changes the object: what would succeed is a dry run. */
export function oddRequests(target: Target): readonly OddRequest[] {
  return [
    ...LIST_QUERIES.map((query) => get(`list ${query}`, listed(target, query))),
    ...FIELDS.map((field) => get(`list by ${field}`, `${target.collection}?fieldSelector=${field}`)),
    ...WATCH_QUERIES.map((query) => get(`watch ${query}`, listed(target, `watch=1&${query}&timeoutSeconds=1`))),
    ...GET_QUERIES.map((query) => get(`get ${query}`, `${target.path}?${query}`)),
    ...ACCEPTS.flatMap((accept) => [
      get(`get as ${accept}`, target.path, accept),
      get(`list as ${accept}`, listed(target, 'limit=5'), accept),
    ]),
    ...PARTS.map((part) => get(`get ${part}`, `${target.path}/${part}`)),
    ...['Bad_Name', '%20', 'a%2Fb', '..', 'x'.repeat(300)].map((name) =>
      get(`get by name ${name.slice(0, 9)}`, `${target.collection}/${name}`),
    ),
    ...oddWrites(target),
    ...oddPatches(target),
    ...oddRemovals(target),
  ]
}

const get = (name: string, path: string, accept?: string): OddRequest => ({
  name,
  request: { method: 'GET', path, ...(accept !== undefined && { accept }) },
})

/** Objects of no namespace are asked for by name: the servers hold different ones besides. */
function listed({ collection, name, namespaced }: Target, query: string): string {
  if (namespaced || query.includes('fieldSelector')) return `${collection}?${query}`
  return `${collection}?fieldSelector=metadata.name=${name}&${query}`
}

const LIST_QUERIES = [
  'limit=x',
  'limit=-1',
  'limit=0',
  'limit=',
  'limit=1&limit=2',
  'limit=999999999999999999999',
  'limit=1.5',
  'continue=zzz',
  'continue=e30',
  'continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi9hIn0',
  'continue=zzz&resourceVersion=1',
  'continue=e30&resourceVersionMatch=Exact',
  'resourceVersion=x',
  'resourceVersion=-1',
  'resourceVersion=0',
  'resourceVersion=0.5',
  'resourceVersion=1',
  'resourceVersionMatch=Exact',
  'resourceVersionMatch=NotOlderThan',
  'resourceVersionMatch=Foo',
  'resourceVersion=0&resourceVersionMatch=Exact',
  'resourceVersion=0&resourceVersionMatch=NotOlderThan',
  'resourceVersion=1&resourceVersionMatch=Foo',
  'resourceVersion=9000000000000000&resourceVersionMatch=Exact',
  'sendInitialEvents=true',
  'sendInitialEvents=x',
  'sendInitialEvents=false',
  'allowWatchBookmarks=x',
  'timeoutSeconds=x',
  'timeoutSeconds=-1',
  'watch=x',
  'watch=0',
  'pretty=true',
  'pretty=x',
  'unknown=1',
  ...['a%3Db%3Dc', '%21', 'a+in+()', 'a+in+(b', 'a,,b', '%3Db', 'a%3E1', 'a%3Ex', 'a%3Dbad+value', 'a/b/c%3D1'].map(
    (selector) => `labelSelector=${selector}`,
  ),
  ...['-a%3D1', 'a%3D', '+a+%3D+b+', 'a+notin+(x,)', 'a+b', 'a%3D%3Db', 'a%21%3Db', '%21a,b', 'a+in+(x,x)', ','].map(
    (selector) => `labelSelector=${selector}`,
  ),
  ...[`${'x'.repeat(64)}%3D1`, `a%3D${'x'.repeat(64)}`, 'A.B/c%3D1', 'a+IN+(b)', 'a%3C1,b', '(a)'].map(
    (selector) => `labelSelector=${selector}`,
  ),
  ...[
    'metadata.name',
    'metadata.name==x',
    'metadata.name!=x',
    'a=b=c',
    '%3D',
    'metadata.name=a%5C,b',
    ',',
    'x%5C=y',
  ].map((selector) => `fieldSelector=${selector.replaceAll('=', '%3D')}`),
  ...['metadata.name%3Dx,spec.foo%3Dy', 'metadata.name+%3D+x', 'metadata.name%3D%5Cz', 'metadata.name+in+(x)'].map(
    (selector) => `fieldSelector=${selector}`,
  ),
]

/** What lists of some kind can be narrowed by, and what those of none can. */
const FIELDS = [
  'metadata.uid=x',
  'metadata.labels.a=x',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'spec.hostNetwork',
  'status.phase',
  'status.podIP',
  'status.podIPs',
  'status.nominatedNodeName',
  'spec.unschedulable',
  'type',
  'involvedObject.kind',
  'involvedObject.namespace',
  'involvedObject.name',
  'involvedObject.uid',
  'reason',
  'involvedObject.apiVersion',
  'involvedObject.resourceVersion',
  'involvedObject.fieldPath',
  'source',
  'reportingComponent',
  'reportingController',
  'regarding.name',
  'status.replicas',
  'status.successful',
  'spec.clusterIP',
  'spec.type',
  'spec.signerName',
  'spec.driver',
  'spec.replicas',
  'spec.parentRef.name',
].map((field) => (field.includes('=') ? field : `${field}=x`).replace('=', '%3D'))

const WATCH_QUERIES = [
  'resourceVersion=x',
  'resourceVersion=-1',
  'resourceVersion=9000000000000000',
  'limit=1',
  'continue=x',
  'resourceVersionMatch=NotOlderThan',
  'resourceVersionMatch=Exact',
  'sendInitialEvents=true',
  'sendInitialEvents=true&resourceVersionMatch=Exact',
  'sendInitialEvents=false',
  'timeoutSeconds=x',
  'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=x',
  'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x',
  'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=-2',
  'allowWatchBookmarks=x',
  'labelSelector=a%3Db%3Dc',
  'fieldSelector=spec.foo%3Dx',
  'fieldSelector=a',
]

const GET_QUERIES = [
  'resourceVersion=x',
  'resourceVersion=0',
  'resourceVersion=1',
  'resourceVersion=9000000000000000',
  'pretty=1',
  'watch=1',
  'labelSelector=a%3Db',
  'unknown=1',
  'resourceVersion=',
]

const json = (as: string, version = 'v1') => `application/json;as=${as};v=${version};g=meta.k8s.io`
const ACCEPTS = [
  json('Table'),
  json('Table', 'v1beta1'),
  json('Table', 'v2'),
  json('PartialObjectMetadata'),
  json('PartialObjectMetadataList'),
  json('PartialObjectMetadata', 'v1beta1'),
  json('Nope'),
  'text/html',
  'x',
  'application/json;as=Table',
  'application/json;as=Table;v=v1;g=other',
  '*/*',
  'application/*',
  'image/*',
  'application/json;q=0.1',
  `${json('Nope')},application/json`,
  `${json('Table')},application/json`,

  'text/html,application/json',
  'application/yaml;as=Table;v=v1;g=meta.k8s.io',
  'application/json;stream=watch',
  'application/yaml',
]

const PARTS = [
  'nope',
  'status',
  'scale',
  'status/x',
  'approval',
  'finalize',
  'ephemeralcontainers',
  'eviction',
  'binding',
]

import { at, CORE, get, merge, post, raw, remove, scenario, setup } from './scenario.ts'

const CONFIGS = `${CORE}/configmaps`
const PODS = `${CORE}/pods`
const JOBS = `${at('batch/v1')}/jobs`
const DEPLOYMENTS = `${at('apps/v1')}/deployments`
const config = (name: string, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
})
const podSpec = { containers: [{ name: 'a', image: 'a' }] }
const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { ...podSpec, ...spec },
})
const job = (name: string) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } },
})
const deployment = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { selector: { matchLabels: { app: 'x' } }, template: { metadata: { labels: { app: 'x' } }, spec: podSpec } },
})
const options = (rest: object) => ({ apiVersion: 'v1', kind: 'DeleteOptions', ...rest })
const make = (name: string, metadata?: object) => setup(post(`make ${name}`, CONFIGS, config(name, metadata)))

export const deleteMore = scenario(
  'delete-more',
  'Deletion: options, preconditions, propagation, finalizers, grace, collections',
  [
    make('a'),
    remove('wrong uid', `${CONFIGS}/a`, options({ preconditions: { uid: '00000000-0000-0000-0000-000000000000' } })),
    remove('wrong version', `${CONFIGS}/a`, options({ preconditions: { resourceVersion: '1' } })),
    remove('bad policy', `${CONFIGS}/a`, options({ propagationPolicy: 'Sideways' })),
    remove('bad policy in query', `${CONFIGS}/a?propagationPolicy=Sideways`),
    remove('both ways', `${CONFIGS}/a`, options({ propagationPolicy: 'Orphan', orphanDependents: true })),
    remove('bad dry run', `${CONFIGS}/a`, options({ dryRun: ['Some'] })),
    remove('dry run', `${CONFIGS}/a`, options({ dryRun: ['All'] })),
    remove('dry run in query', `${CONFIGS}/a?dryRun=All`),
    remove('other kind', `${CONFIGS}/a`, { apiVersion: 'v1', kind: 'Pod' }),
    remove('no kind', `${CONFIGS}/a`, { gracePeriodSeconds: 0, dryRun: ['All'] }),
    raw('no json', 'DELETE', `${CONFIGS}/a`, 'nope'),
    raw('wrong type', 'DELETE', `${CONFIGS}/a`, '{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":"x"}'),
    remove('unknown field', `${CONFIGS}/a`, options({ nope: 1, dryRun: ['All'] })),
    remove('other media type', `${CONFIGS}/a`, options({}), { 'content-type': 'text/plain' }),
    remove('bad grace in query', `${CONFIGS}/a?gracePeriodSeconds=x`),
    get('still there', `${CONFIGS}/a`),
    remove(
      'right version',
      `${CONFIGS}/a`,
      options({
        preconditions: {
          resourceVersion: '{{still there:metadata.resourceVersion}}',
          uid: '{{still there:metadata.uid}}',
        },
      }),
    ),
    remove('gone already', `${CONFIGS}/a`),
    make('f', { finalizers: ['example.com/hold', 'example.com/hold2'] }),
    remove('held', `${CONFIGS}/f`),
    remove('held again', `${CONFIGS}/f`),
    remove('held, foreground', `${CONFIGS}/f`, options({ propagationPolicy: 'Foreground' })),
    remove('held, orphan', `${CONFIGS}/f`, options({ propagationPolicy: 'Orphan' })),
    merge('one finalizer less', `${CONFIGS}/f`, { metadata: { finalizers: ['example.com/hold'] } }),
    merge('one more', `${CONFIGS}/f`, { metadata: { finalizers: ['example.com/hold', 'example.com/new'] } }),
    merge('change while going', `${CONFIGS}/f`, { data: { a: '1' } }),
    post('same name while going', CONFIGS, config('f')),
    merge('last finalizer', `${CONFIGS}/f`, { metadata: { finalizers: null } }),
    get('is gone', `${CONFIGS}/f`),
    make('g'),
    remove('foreground without dependents', `${CONFIGS}/g`, options({ propagationPolicy: 'Foreground' })),
    make('h'),
    remove('orphan dependents', `${CONFIGS}/h?orphanDependents=true`),
    make('i'),
    remove('no orphan dependents', `${CONFIGS}/i?orphanDependents=false`),
    setup(post('job', JOBS, job('j'))),
    remove('job by default', `${JOBS}/j`),
    setup(post('job 2', JOBS, job('k'))),
    remove('job in the background', `${JOBS}/k?propagationPolicy=Background`),
    setup(post('job 3', JOBS, job('l'))),
    remove('jobs by default', JOBS),
    setup(
      post('rc', `${CORE}/replicationcontrollers`, {
        apiVersion: 'v1',
        kind: 'ReplicationController',
        metadata: { name: 'rc' },
        spec: { selector: { app: 'x' }, template: { metadata: { labels: { app: 'x' } }, spec: podSpec } },
      }),
    ),
    remove('controller by default', `${CORE}/replicationcontrollers/rc`),
    setup(post('deployment', DEPLOYMENTS, deployment('d'))),
    remove('deployment by default', `${DEPLOYMENTS}/d`),
    setup(post('deployment 2', DEPLOYMENTS, deployment('e'))),
    remove('deployment in the foreground', `${DEPLOYMENTS}/e`, options({ propagationPolicy: 'Foreground' })),
    setup(post('pod', PODS, pod('p', { nodeName: 'somewhere' }))),
    remove('pod with grace', `${PODS}/p`),
    remove('pod again', `${PODS}/p`),
    remove('pod sooner', `${PODS}/p?gracePeriodSeconds=5`),
    remove('pod later', `${PODS}/p?gracePeriodSeconds=50`),
    remove('pod at once', `${PODS}/p?gracePeriodSeconds=0`),
    get('pod is gone', `${PODS}/p`),
    setup(post('pod 2', PODS, pod('q', { nodeName: 'somewhere', terminationGracePeriodSeconds: 0 }))),
    remove('pod without grace of its own', `${PODS}/q`),
    setup(post('pod 3', PODS, pod('r', { nodeName: 'somewhere' }, { finalizers: ['example.com/x'] }))),
    remove('pod with finalizer and no grace', `${PODS}/r?gracePeriodSeconds=0`),
    remove('negative grace', `${PODS}/r?gracePeriodSeconds=-1`),
    setup(post('pod 4', PODS, pod('s', { nodeName: 'somewhere' }, { labels: { set: '1' } }))),
    setup(post('pod 5', PODS, pod('t', {}, { labels: { set: '1' } }))),
    remove('some pods', `${PODS}?labelSelector=set%3D1`),
    remove('pods of none', `${PODS}?labelSelector=set%3D7`),
    remove('collection dry run', `${CONFIGS}?dryRun=All`),
    remove('collection with body', CONFIGS, options({ gracePeriodSeconds: 0 })),
    remove('collection of nonsense', `${CONFIGS}?labelSelector=a%3D%3D%3Db`),
    remove('services', `${CORE}/services`),
    remove('namespaces', '/api/v1/namespaces'),
    setup(
      post('other ns', '/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: '{{ns}}-other' },
      }),
    ),
    remove('namespace', '/api/v1/namespaces/{{ns}}-other'),
    remove('namespace again', '/api/v1/namespaces/{{ns}}-other'),
    get('namespace goes', '/api/v1/namespaces/{{ns}}-other'),
    post('into one that goes', '/api/v1/namespaces/{{ns}}-other/configmaps', config('x')),
    post('into one that is not', '/api/v1/namespaces/{{ns}}-missing/configmaps', config('x')),
    remove('default namespace', '/api/v1/namespaces/default'),
    remove('kube-system', '/api/v1/namespaces/kube-system'),
    setup(post('secret', `${CORE}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } })),
    remove('secret', `${CORE}/secrets/s`),
    setup(
      post('service', `${CORE}/services`, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's' },
        spec: { ports: [{ port: 80 }] },
      }),
    ),
    remove('service', `${CORE}/services/s`),
    remove('missing namespace', '/api/v1/namespaces/{{ns}}-missing'),
  ],
)

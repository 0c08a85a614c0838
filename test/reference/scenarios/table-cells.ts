import { at, CORE, get, merge, post, scenario, setup, TABLE } from './scenario.ts'
import type { Step } from '../../replay/replay.ts'

const wide = '{{ns}}'
const labels = { app: 'x' }
const container = { name: 'a', image: 'registry.example.com/a:1' }
const template = { metadata: { labels }, spec: { containers: [container, { name: 'b', image: 'b@sha256:0' }] } }
export const selector = {
  matchLabels: labels,
  matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['b', 'a'] }],
}
const templateOf = { ...template, metadata: { labels: { ...labels, tier: 'c' } } }

/** An object that is made, whose status is told, and which is then shown as a table. */
export function shown(
  apiVersion: string,
  kind: string,
  plural: string,
  objects: readonly Shown[],
  isWide = false,
): Step[] {
  const base = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const path = isWide ? `${base}/${plural}` : apiVersion === 'v1' ? `${CORE}/${plural}` : `${at(apiVersion)}/${plural}`
  return objects.flatMap(([name, rest, status]) => {
    const own = isWide ? (name === '' ? wide : `${wide}-${name}`) : name
    const metadata = { ...(rest as { metadata?: object }).metadata, name: own }
    return [
      setup(post(`make ${kind} ${name}`, path, { apiVersion, kind, ...rest, metadata })),
      ...(status === undefined ? [] : [setup(merge(`status of ${kind} ${name}`, `${path}/${own}/status`, { status }))]),
      get(`${kind} ${name}`, `${path}/${own}?includeObject=None`, TABLE),
    ]
  })
}
export type Shown = readonly [name: string, rest: object, status?: object]

const state = (name: string, rest: object, ready = false, restartCount = 0) => ({
  name,
  image: 'a',
  imageID: '',
  ready,
  restartCount,
  ...rest,
})
const TIME = '2026-01-01T00:00:00Z'
const spec = { containers: [container] }
const pod = (name: string, status: object, more: object = {}): Shown => [name, { spec: { ...spec, ...more } }, status]

const PODS: readonly Shown[] = [
  pod('pending', {}),
  pod('pulling', {
    phase: 'Pending',
    containerStatuses: [state('a', { state: { waiting: { reason: 'ImagePullBackOff' } } })],
  }),
  pod('running', {
    phase: 'Running',
    podIP: '10.1.1.1',
    podIPs: [{ ip: '10.1.1.1' }],
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [state('a', { state: { running: { startedAt: TIME } } }, true)],
  }),
  pod('failed', {
    phase: 'Failed',
    containerStatuses: [state('a', { state: { terminated: { exitCode: 3 } } })],
  }),
  pod('signalled', {
    phase: 'Failed',
    containerStatuses: [state('a', { state: { terminated: { exitCode: 137, signal: 9 } } })],
  }),
  pod('done', {
    phase: 'Succeeded',
    containerStatuses: [state('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } })],
  }),
  pod('evicted', { phase: 'Failed', reason: 'Evicted' }),
  pod('lost', { phase: 'Running', reason: 'NodeLost' }),
  pod(
    'initializing',
    {
      phase: 'Pending',
      initContainerStatuses: [state('i', { state: { terminated: { exitCode: 0 } } }, true), state('j', {})],
      conditions: [{ type: 'Initialized', status: 'False' }],
    },
    {
      initContainers: [
        { ...container, name: 'i' },
        { ...container, name: 'j' },
      ],
    },
  ),
  pod(
    'init-failed',
    {
      phase: 'Pending',
      initContainerStatuses: [state('i', { state: { terminated: { exitCode: 2, signal: 0 } } }, false, 4)],
    },
    { initContainers: [{ ...container, name: 'i' }] },
  ),
  pod(
    'init-waiting',
    {
      phase: 'Pending',
      initContainerStatuses: [state('i', { state: { waiting: { reason: 'CrashLoopBackOff' } } }, false, 2)],
    },
    { initContainers: [{ ...container, name: 'i' }] },
  ),
  pod(
    'sidecar',
    {
      phase: 'Running',
      conditions: [
        { type: 'Initialized', status: 'True' },
        { type: 'Ready', status: 'True' },
      ],
      initContainerStatuses: [state('i', { started: true, state: { running: { startedAt: TIME } } }, true)],
      containerStatuses: [state('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } }, false)],
    },
    { initContainers: [{ ...container, name: 'i', restartPolicy: 'Always' }] },
  ),
  pod('completed-beside', {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'False' }],
    containerStatuses: [
      state('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
      state('b', { state: { running: { startedAt: TIME } } }, true),
    ],
  }),
  pod(
    'gated',
    { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
    {
      schedulingGates: [{ name: 'example.com/gate' }],
    },
  ),
  pod(
    'readiness',
    { phase: 'Running', nominatedNodeName: 'other', conditions: [{ type: 'example.com/ok', status: 'True' }] },
    { readinessGates: [{ conditionType: 'example.com/ok' }, { conditionType: 'example.com/no' }], nodeName: 'n' },
  ),
  [
    'going',
    { metadata: { finalizers: ['example.com/x'] }, spec: { ...spec, nodeName: 'n' } },
    { phase: 'Running', containerStatuses: [state('a', { state: { running: { startedAt: TIME } } }, true, 1)] },
  ],
]

const meta = (rest: object) => ({ metadata: rest })

const WORKLOADS: readonly Step[] = [
  ...shown('v1', 'Pod', 'pods', PODS),
  ...shown('v1', 'PodTemplate', 'podtemplates', [['one', { template: templateOf }]]),
  ...shown('apps/v1', 'Deployment', 'deployments', [
    ['one', { spec: { replicas: 3, selector, template: templateOf } }],
    [
      'two',
      { spec: { replicas: 0, selector: { matchLabels: labels }, template } },
      { replicas: 4, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 1, observedGeneration: 1 },
    ],
  ]),
  ...shown('apps/v1', 'ReplicaSet', 'replicasets', [
    [
      'one',
      { spec: { replicas: 3, selector, template: templateOf } },
      { replicas: 2, readyReplicas: 1, availableReplicas: 1, fullyLabeledReplicas: 2 },
    ],
  ]),
  ...shown('apps/v1', 'StatefulSet', 'statefulsets', [
    ['one', { spec: { selector, template: templateOf, serviceName: 's' } }, { replicas: 1, readyReplicas: 1 }],
  ]),
  ...shown('apps/v1', 'DaemonSet', 'daemonsets', [
    [
      'one',
      {
        spec: {
          selector,
          template: { ...templateOf, spec: { ...template.spec, nodeSelector: { b: 'c', a: '' } } },
        },
      },
      {
        desiredNumberScheduled: 4,
        currentNumberScheduled: 3,
        numberReady: 2,
        updatedNumberScheduled: 3,
        numberAvailable: 1,
        numberMisscheduled: 0,
      },
    ],
  ]),
  ...shown('apps/v1', 'ControllerRevision', 'controllerrevisions', [
    [
      'one',
      {
        ...meta({
          ownerReferences: [
            { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 's', uid: 'u', controller: true },
            { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'v' },
          ],
        }),
        revision: 7,
        data: {},
      },
    ],
    [
      'two',
      {
        ...meta({
          ownerReferences: [{ apiVersion: 'x.example.com/v1', kind: 'Thing', name: 's', uid: 'u', controller: true }],
        }),
        revision: 8,
      },
    ],
  ]),
  ...shown('v1', 'ReplicationController', 'replicationcontrollers', [
    ['one', { spec: { replicas: 2, selector: labels, template } }, { replicas: 2, readyReplicas: 0 }],
  ]),
  ...shown('batch/v1', 'Job', 'jobs', [
    ['one', { spec: { template: { spec: { ...spec, restartPolicy: 'Never' } } } }],
    ['many', { spec: { completions: 5, parallelism: 2, template: { spec: { ...spec, restartPolicy: 'Never' } } } }],
    ['queue', { spec: { parallelism: 3, template: { spec: { ...spec, restartPolicy: 'Never' } } } }],
    ['held', { spec: { suspend: true, template: { spec: { ...spec, restartPolicy: 'OnFailure' } } } }],
    [
      'over',
      { spec: { template: { spec: { ...spec, restartPolicy: 'Never' } } } },
      {
        startTime: TIME,
        completionTime: '2026-01-01T01:02:03Z',
        succeeded: 1,
        conditions: [
          { type: 'SuccessCriteriaMet', status: 'True' },
          { type: 'Complete', status: 'True' },
        ],
      },
    ],
    [
      'broken',
      { spec: { template: { spec: { ...spec, restartPolicy: 'Never' } } } },
      {
        startTime: TIME,
        failed: 1,
        conditions: [
          { type: 'FailureTarget', status: 'True', reason: 'DeadlineExceeded' },
          { type: 'Failed', status: 'True', reason: 'DeadlineExceeded' },
        ],
      },
    ],
  ]),
  ...shown('batch/v1', 'CronJob', 'cronjobs', [
    [
      'zoned',
      {
        spec: {
          schedule: '@daily',
          timeZone: 'Europe/Rome',
          suspend: true,
          jobTemplate: { spec: { template: { spec: { ...spec, restartPolicy: 'Never' } } } },
        },
      },
      { active: [{ kind: 'Job', name: 'x' }, { name: 'y' }] },
    ],
  ]),
  ...shown('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', [
    ['one', { spec: { minAvailable: '30%', selector } }, { disruptionsAllowed: 2, currentHealthy: 3 }],
    ['two', { spec: { maxUnavailable: 1 } }],
    ['three', { spec: {} }],
  ]),
]

export const tableCells = scenario('table-cells', 'Cells of pods and workloads in many states', WORKLOADS)

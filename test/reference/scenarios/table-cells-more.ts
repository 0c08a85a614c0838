import { at, get, scenario, TABLE } from './scenario.ts'
import { selector, shown } from './table-cells.ts'

const SERVICE = 'Service'
const port = { port: 80, protocol: 'TCP' }
export const tableCellsMore = scenario('table-cells-more', 'Cells of all other kinds', [
  ...shown('v1', SERVICE, 'services', [
    ['external', { spec: { type: 'ExternalName', externalName: 'example.com', ports: [port] } }],
    ['headless', { spec: { clusterIP: 'None', selector: { b: 'c', a: 'b' }, ports: [port] } }],
    ['ips', { spec: { externalIPs: ['192.0.2.1', '192.0.2.2'], ports: [{ ...port, name: 'a', protocol: 'UDP' }] } }],
    ['waiting', { spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [port] } }],
    [
      'balanced',
      {
        spec: {
          type: 'LoadBalancer',
          allocateLoadBalancerNodePorts: false,
          externalIPs: ['192.0.2.7'],
          ports: [port, { name: 'b', port: 443 }].map((one, i) => ({ name: `p${i}`, ...one })),
        },
      },
      { loadBalancer: { ingress: [{ ip: '192.0.2.9' }, { hostname: 'lb.example.com' }] } },
    ],
  ]),
  ...shown('v1', 'Endpoints', 'endpoints', [
    ['none', {}],
    [
      'some',
      {
        subsets: [
          {
            addresses: [{ ip: '10.1.1.1' }, { ip: '10.1.1.2' }, { ip: '10.1.1.3' }],
            ports: [
              { name: 'a', port: 80 },
              { name: 'b', port: 81 },
            ],
          },
          { notReadyAddresses: [{ ip: '10.1.1.4' }], ports: [{ port: 83 }] },
          { addresses: [{ ip: '10.1.1.5' }] },
        ],
      },
    ],
  ]),
  ...shown('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', [
    ['none', { addressType: 'FQDN', endpoints: [] }],
    [
      'some',
      {
        addressType: 'IPv4',
        endpoints: ['10.1.1.1', '10.1.1.2', '10.1.1.3', '10.1.1.4', '10.1.1.5'].map((ip) => ({ addresses: [ip] })),
        ports: [
          { name: 'a', port: 80, protocol: 'TCP' },
          { name: 'b', port: 81, protocol: 'UDP' },
          { name: 'c', protocol: 'TCP' },
          { name: 'd', port: 9, protocol: 'SCTP' },
        ],
      },
    ],
  ]),
  ...shown('networking.k8s.io/v1', 'Ingress', 'ingresses', [
    [
      'one',
      {
        spec: {
          ingressClassName: 'c',
          tls: [{ hosts: ['a.example.com'] }],
          rules: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ host: `${name}.example.com` })),
          defaultBackend: { service: { name: 's', port: { number: 80 } } },
        },
      },
      { loadBalancer: { ingress: [{ ip: '192.0.2.9' }, { hostname: 'lb.example.com' }] } },
    ],
    ['open', { spec: { defaultBackend: { resource: { kind: 'Bucket', apiGroup: 'x.io', name: 'b' } } } }],
  ]),
  ...shown('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', [
    ['all', { spec: { podSelector: {} } }],
    ['some', { spec: { podSelector: selector, policyTypes: ['Egress'] } }],
  ]),
  ...shown('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', [
    [
      'bound',
      {
        spec: {
          accessModes: ['ReadWriteMany', 'ReadOnlyMany'],
          storageClassName: 's',
          volumeName: 'v',
          volumeMode: 'Block',
          resources: { requests: { storage: '1Gi' } },
        },
      },
      { phase: 'Bound', accessModes: ['ReadWriteMany', 'ReadWriteOncePod'], capacity: { storage: '1536Mi' } },
    ],
    [
      'attributed',
      {
        spec: {
          accessModes: ['ReadWriteOnce'],
          volumeAttributesClassName: 'gold',
          resources: { requests: { storage: '1' } },
        },
      },
    ],
  ]),
  ...shown(
    'v1',
    'PersistentVolume',
    'persistentvolumes',
    [
      [
        '',
        {
          spec: {
            capacity: { storage: '10G' },
            accessModes: ['ReadWriteOnce', 'ReadWriteMany'],
            persistentVolumeReclaimPolicy: 'Recycle',
            hostPath: { path: '/x' },
            claimRef: { namespace: 'a', name: 'b' },
            mountOptions: ['ro'],
          },
        },
        { phase: 'Failed', reason: 'Broken', message: 'm' },
      ],
    ],
    true,
  ),
  ...shown(
    'v1',
    'Node',
    'nodes',
    [
      ['new', {}],
      [
        'full',
        {
          metadata: {
            labels: {
              'node-role.kubernetes.io/worker': '',
              'node-role.kubernetes.io/control-plane': 'x',
              'kubernetes.io/role': 'old',
            },
          },
          spec: { unschedulable: true },
        },
        {
          conditions: [{ type: 'Ready', status: 'True' }],
          addresses: [
            { type: 'Hostname', address: 'h' },
            { type: 'InternalIP', address: '10.0.0.1' },
            { type: 'ExternalIP', address: '192.0.2.3' },
          ],
          nodeInfo: {
            kubeletVersion: 'v1.34.4',
            osImage: 'Debian',
            kernelVersion: '6.1',
            containerRuntimeVersion: 'containerd://1.7',
            architecture: 'amd64',
            bootID: '',
            kubeProxyVersion: '',
            machineID: '',
            operatingSystem: 'linux',
            systemUUID: '',
          },
        },
      ],
      ['lost', {}, { conditions: [{ type: 'Ready', status: 'Unknown' }] }],
    ],
    true,
  ),
  ...shown('v1', 'ResourceQuota', 'resourcequotas', [
    [
      'one',
      { spec: { hard: { pods: '0', 'requests.cpu': '1', 'limits.cpu': '2', 'limits.memory': '1Gi', services: '2' } } },
      {
        hard: { pods: '0', 'requests.cpu': '1', 'limits.cpu': '2', 'limits.memory': '1Gi', services: '2' },
        used: { pods: '0', 'requests.cpu': '100m', services: '1', 'limits.cpu': '0' },
      },
    ],
  ]),
  ...shown('v1', 'ServiceAccount', 'serviceaccounts', [['one', { secrets: [{ name: 'a' }, { name: 'b' }] }]]),
  ...shown('v1', 'Secret', 'secrets', [
    ['tls', { type: 'kubernetes.io/tls', data: { 'tls.crt': 'YQ==', 'tls.key': 'YQ==' } }],
  ]),
  ...shown('v1', 'ConfigMap', 'configmaps', [['one', { data: { a: '1' }, binaryData: { b: 'YQ==' } }]]),
  ...shown('v1', 'LimitRange', 'limitranges', [['one', { spec: { limits: [{ type: 'Pod', max: { cpu: '1k' } }] } }]]),
  ...shown('v1', 'Event', 'events', [
    [
      'plain',
      { involvedObject: { kind: 'Pod', namespace: '{{ns}}', name: 'p', fieldPath: 'spec.a' }, reason: 'R', type: 'T' },
    ],
    [
      'counted',
      {
        involvedObject: { kind: 'Pod', namespace: '{{ns}}', name: 'p' },
        source: { component: 'c', host: 'h' },
        message: ' with spaces\nand lines\n',
        count: 12,
        reason: 'R',
      },
    ],
    [
      'series',
      {
        involvedObject: { namespace: '{{ns}}' },
        reportingComponent: 'r',
        reportingInstance: 'i',
        count: 3,
        series: { count: 9 },
        action: 'a',
        eventTime: '2026-01-01T00:00:00.000000Z',
        reason: 'S',
        type: 'Normal',
      },
    ],
  ]),
  ...shown('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', [
    [
      'one',
      {
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
          minReplicas: 2,
          maxReplicas: 4,
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
            { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
            { type: 'Pods', pods: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '2500m' } } },
            { type: 'External', external: { metric: { name: 'e' }, target: { type: 'Value', value: '30' } } },
          ],
        },
      },
      {
        currentReplicas: 3,
        desiredReplicas: 3,
        conditions: [],
        currentMetrics: [
          { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 12, averageValue: '5m' } } },
          { type: 'Resource', resource: { name: 'memory', current: { averageValue: '128Mi' } } },
        ],
      },
    ],
    [
      'object',
      {
        spec: {
          scaleTargetRef: { kind: 'Thing', name: 't' },
          maxReplicas: 4,
          metrics: [
            {
              type: 'Object',
              object: {
                metric: { name: 'o' },
                describedObject: { kind: 'Service', name: 's' },
                target: { type: 'Value', value: '1k' },
              },
            },
            {
              type: 'ContainerResource',
              containerResource: {
                name: 'cpu',
                container: 'a',
                target: { type: 'Utilization', averageUtilization: 70 },
              },
            },
          ],
        },
      },
    ],
  ]),
  get('autoscaler of version 1', `${at('autoscaling/v1')}/horizontalpodautoscalers/one`),
  get('autoscaler of version 1 as a table', `${at('autoscaling/v1')}/horizontalpodautoscalers/object`, TABLE),
])

import type { Column } from './column.ts'

/** A column as far as it is special: a string of priority 0 without a format where nothing is said. */
export type ColumnFacts = Pick<Column, 'name' | 'description'> & Partial<Column>

export const NAME: ColumnFacts = {
  name: 'Name',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
}

export const AGE: ColumnFacts = {
  name: 'Age',
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
}

export const CREATED: ColumnFacts = { ...AGE, name: 'Created At', type: 'date' }

/** The columns of each resource. The texts are Kubernetes' own where its tables were recorded. */
export const COLUMNS: Readonly<Record<string, readonly ColumnFacts[]>> = {
  pods: [
    NAME,
    { name: 'Ready', description: 'The aggregate readiness state of this pod for accepting traffic.' },
    { name: 'Status', description: 'The aggregate status of the containers in this pod.' },
    {
      name: 'Restarts',
      description:
        'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
    },
    AGE,
    {
      name: 'IP',
      description:
        'podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.',
      priority: 1,
    },
    {
      name: 'Node',
      description:
        'NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename',
      priority: 1,
    },
    {
      name: 'Nominated Node',
      description:
        'nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.',
      priority: 1,
    },
    {
      name: 'Readiness Gates',
      description:
        'If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all conditions specified in the readiness gates have status equal to "True" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates',
      priority: 1,
    },
  ],
  'deployments.apps': [
    NAME,
    { name: 'Ready', description: 'Number of the pod with ready state' },
    {
      name: 'Up-to-date',
      description:
        'Total number of non-terminating pods targeted by this deployment that have the desired template spec.',
    },
    {
      name: 'Available',
      description:
        'Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment.',
    },
    AGE,
    { name: 'Containers', description: 'Names of each container in the template.', priority: 1 },
    { name: 'Images', description: 'Images referenced by each container in the template.', priority: 1 },
    {
      name: 'Selector',
      description:
        'Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this deployment.',
      priority: 1,
    },
  ],
  services: [
    NAME,
    {
      name: 'Type',
      description:
        'type determines how the Service is exposed. Defaults to ClusterIP. Valid options are ExternalName, ClusterIP, NodePort, and LoadBalancer. "ClusterIP" allocates a cluster-internal IP address for load-balancing to endpoints. Endpoints are determined by the selector or if that is not specified, by manual construction of an Endpoints object or EndpointSlice objects. If clusterIP is "None", no virtual IP is allocated and the endpoints are published as a set of endpoints rather than a virtual IP. "NodePort" builds on ClusterIP and allocates a port on every node which routes to the same endpoints as the clusterIP. "LoadBalancer" builds on NodePort and creates an external load-balancer (if supported in the current cloud) which routes to the same endpoints as the clusterIP. "ExternalName" aliases this service to the specified externalName. Several other fields do not apply to ExternalName services. More info: https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types',
    },
    {
      name: 'Cluster-IP',
      description:
        'clusterIP is the IP address of the service and is usually assigned randomly. If an address is specified manually, is in-range (as per system configuration), and is not in use, it will be allocated to the service; otherwise creation of the service will fail. This field may not be changed through updates unless the type field is also being changed to ExternalName (which requires this field to be blank) or the type field is being changed from ExternalName (in which case this field may optionally be specified, as describe above).  Valid values are "None", empty string (""), or a valid IP address. Setting this to "None" makes a "headless service" (no virtual IP), which is useful when direct endpoint connections are preferred and proxying is not required.  Only applies to types ClusterIP, NodePort, and LoadBalancer. If this field is specified when creating a Service of type ExternalName, creation will fail. This field will be wiped when updating a Service to type ExternalName. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies',
    },
    {
      name: 'External-IP',
      description:
        'externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.  These IPs are not managed by Kubernetes.  The user is responsible for ensuring that traffic arrives at a node with this IP.  A common example is external load-balancers that are not part of the Kubernetes system.',
    },
    {
      name: 'Port(s)',
      description:
        'The list of ports that are exposed by this service. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies',
    },
    AGE,
    {
      name: 'Selector',
      description:
        'Route service traffic to pods with label keys and values matching this selector. If empty or not present, the service is assumed to have an external process managing its endpoints, which Kubernetes will not modify. Only applies to types ClusterIP, NodePort, and LoadBalancer. Ignored if type is ExternalName. More info: https://kubernetes.io/docs/concepts/services-networking/service/',
      priority: 1,
    },
  ],
  'jobs.batch': [
    NAME,
    { name: 'Status', description: 'Status of the job.' },
    {
      name: 'Completions',
      description:
        'The number of pods which reached phase Succeeded. The value increases monotonically for a given spec. However, it may decrease in reaction to scale down of elastic indexed jobs.',
    },
    { name: 'Duration', description: 'Time required to complete the job.' },
    AGE,
    { name: 'Containers', description: 'Names of each container in the template.', priority: 1 },
    { name: 'Images', description: 'Images referenced by each container in the template.', priority: 1 },
    {
      name: 'Selector',
      description:
        'A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors',
      priority: 1,
    },
  ],
  'cronjobs.batch': [
    NAME,
    { name: 'Schedule', description: 'The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.' },
    {
      name: 'Timezone',
      description:
        'The time zone name for the given schedule, see https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this will default to the time zone of the kube-controller-manager process. The set of valid time zone names and the time zone offset is loaded from the system-wide time zone database by the API server during CronJob validation and the controller manager during execution. If no system-wide time zone database can be found a bundled version of the database is used instead. If the time zone name becomes invalid during the lifetime of a CronJob or due to a change in host configuration, the controller will stop creating new new Jobs and will create a system event with the reason UnknownTimeZone. More information can be found in https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones',
    },
    {
      name: 'Suspend',
      description:
        'This flag tells the controller to suspend subsequent executions, it does not apply to already started executions.  Defaults to false.',
      type: 'boolean',
    },
    { name: 'Active', description: 'A list of pointers to currently running jobs.', type: 'integer' },
    { name: 'Last Schedule', description: 'Information when was the last time the job was successfully scheduled.' },
    AGE,
    { name: 'Containers', description: 'Names of each container in the template.', priority: 1 },
    { name: 'Images', description: 'Images referenced by each container in the template.', priority: 1 },
    {
      name: 'Selector',
      description:
        'A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors',
      priority: 1,
    },
  ],
  configmaps: [
    NAME,
    {
      name: 'Data',
      description:
        "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap with the keys in the BinaryData field, this is enforced during validation process.",
    },
    AGE,
  ],
  'ingresses.networking.k8s.io': [
    NAME,
    {
      name: 'Class',
      description: 'The name of the IngressClass resource that should be used for additional configuration',
    },
    { name: 'Hosts', description: 'Hosts that incoming requests are matched against before the ingress rule' },
    { name: 'Address', description: 'Address is a list containing ingress points for the load-balancer' },
    { name: 'Ports', description: 'Ports of TLS configurations that open' },
    AGE,
  ],
  secrets: [
    NAME,
    {
      name: 'Type',
      description:
        'Used to facilitate programmatic handling of secret data. More info: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types',
    },
    {
      name: 'Data',
      description:
        "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The serialized form of the secret data is a base64 encoded string, representing the arbitrary (possibly non-string) data value here. Described in https://tools.ietf.org/html/rfc4648#section-4",
    },
    AGE,
  ],
  nodes: [
    NAME,
    { name: 'Status', description: '' },
    { name: 'Roles', description: '' },
    AGE,
    { name: 'Version', description: '' },
    { name: 'Internal-IP', description: '', priority: 1 },
    { name: 'External-IP', description: '', priority: 1 },
    { name: 'OS-Image', description: '', priority: 1 },
    { name: 'Kernel-Version', description: '', priority: 1 },
    { name: 'Container-Runtime', description: '', priority: 1 },
  ],
  namespaces: [NAME, { name: 'Status', description: '' }, AGE],
  'replicasets.apps': [
    NAME,
    { name: 'Desired', description: '', type: 'integer' },
    { name: 'Current', description: '', type: 'integer' },
    { name: 'Ready', description: '', type: 'integer' },
    AGE,
    { name: 'Containers', description: '', priority: 1 },
    { name: 'Images', description: '', priority: 1 },
    { name: 'Selector', description: '', priority: 1 },
  ],
  replicationcontrollers: [
    NAME,
    { name: 'Desired', description: '', type: 'integer' },
    { name: 'Current', description: '', type: 'integer' },
    { name: 'Ready', description: '', type: 'integer' },
    AGE,
    { name: 'Containers', description: '', priority: 1 },
    { name: 'Images', description: '', priority: 1 },
    { name: 'Selector', description: '', priority: 1 },
  ],
  'statefulsets.apps': [
    NAME,
    { name: 'Ready', description: '' },
    AGE,
    { name: 'Containers', description: '', priority: 1 },
    { name: 'Images', description: '', priority: 1 },
  ],
  'daemonsets.apps': [
    NAME,
    { name: 'Desired', description: '', type: 'integer' },
    { name: 'Current', description: '', type: 'integer' },
    { name: 'Ready', description: '', type: 'integer' },
    { name: 'Up-to-date', description: '', type: 'integer' },
    { name: 'Available', description: '', type: 'integer' },
    { name: 'Node Selector', description: '' },
    AGE,
    { name: 'Containers', description: '', priority: 1 },
    { name: 'Images', description: '', priority: 1 },
    { name: 'Selector', description: '', priority: 1 },
  ],
  serviceaccounts: [NAME, { name: 'Secrets', description: '' }, AGE],
  'leases.coordination.k8s.io': [NAME, { name: 'Holder', description: '' }, AGE],
  persistentvolumes: [
    NAME,
    { name: 'Capacity', description: '' },
    { name: 'Access Modes', description: '' },
    { name: 'Reclaim Policy', description: '' },
    { name: 'Status', description: '' },
    { name: 'Claim', description: '' },
    { name: 'StorageClass', description: '' },
    { name: 'VolumeAttributesClass', description: '' },
    { name: 'Reason', description: '' },
    AGE,
    { name: 'VolumeMode', description: '', priority: 1 },
  ],
  persistentvolumeclaims: [
    NAME,
    { name: 'Status', description: '' },
    { name: 'Volume', description: '' },
    { name: 'Capacity', description: '' },
    { name: 'Access Modes', description: '' },
    { name: 'StorageClass', description: '' },
    { name: 'VolumeAttributesClass', description: '' },
    AGE,
    { name: 'VolumeMode', description: '', priority: 1 },
  ],
  endpoints: [NAME, { name: 'Endpoints', description: '' }, AGE],
  'storageclasses.storage.k8s.io': [
    NAME,
    { name: 'Provisioner', description: '' },
    { name: 'ReclaimPolicy', description: '' },
    { name: 'VolumeBindingMode', description: '' },
    { name: 'AllowVolumeExpansion', description: '' },
    AGE,
  ],
  'rolebindings.rbac.authorization.k8s.io': [
    NAME,
    { name: 'Role', description: '' },
    AGE,
    { name: 'Users', description: '', priority: 1 },
    { name: 'Groups', description: '', priority: 1 },
    { name: 'ServiceAccounts', description: '', priority: 1 },
  ],
  'clusterrolebindings.rbac.authorization.k8s.io': [
    NAME,
    { name: 'Role', description: '' },
    AGE,
    { name: 'Users', description: '', priority: 1 },
    { name: 'Groups', description: '', priority: 1 },
    { name: 'ServiceAccounts', description: '', priority: 1 },
  ],
  'priorityclasses.scheduling.k8s.io': [
    NAME,
    { name: 'Value', description: '' },
    { name: 'Global-Default', description: '' },
    AGE,
    { name: 'PreemptionPolicy', description: '', priority: 1 },
  ],
  'poddisruptionbudgets.policy': [
    NAME,
    { name: 'Min Available', description: '' },
    { name: 'Max Unavailable', description: '' },
    { name: 'Allowed Disruptions', description: '', type: 'integer' },
    AGE,
  ],
  events: [
    { name: 'Last Seen', description: '' },
    { name: 'Type', description: '' },
    { name: 'Reason', description: '' },
    { name: 'Object', description: '' },
    { name: 'Subobject', description: '', priority: 1 },
    { name: 'Source', description: '', priority: 1 },
    { name: 'Message', description: '' },
    { name: 'First Seen', description: '', priority: 1 },
    { name: 'Count', description: '', priority: 1 },
    { ...NAME, priority: 1 },
  ],
}

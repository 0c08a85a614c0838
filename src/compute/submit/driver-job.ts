import type { Job } from '../../api/generated/batch-v1.ts'
import type { ConfigMap, Container, Volume } from '../../api/generated/core-v1.ts'
import type { OwnerReference } from '../../api/generated/meta-v1.ts'
import { RESTRICTED_CONTAINER, RESTRICTED_POD, SCRATCH_DIRECTORY } from '../pods/restricted.ts'
import { sharedMounts, sharedVolumes } from '../pods/shared-volumes.ts'
import { NODE_FLAGS, RUN_LABEL, runLabels, secretVariables } from '../pods/worker-job.ts'
import type { Run } from '../run/run.ts'
import { partName, PROGRAM_DIRECTORY, START, START_FILE } from './driver-program.ts'
import { DRIVER_ACCOUNT, DRIVER_BACKOFF_LIMIT } from './driver-spec.ts'
import type { DriverSpec } from './driver-spec.ts'

/** The environment variables that a driver's pod is given. */
export const DRIVER_VARIABLES = {
  run: 'SHOAL_RUN',
  namespace: 'SHOAL_NAMESPACE',
  /** The address at which workers reach the driver. */
  host: 'SHOAL_HOST',
  /** Where what the run commits is kept. */
  state: 'SHOAL_STATE',
} as const

export const driverName = (run: string) => `${run}-driver`
export const programMapName = (run: string, index: number) => `${run}-program-${index}`

const STATE_DIRECTORY = '/state'
const REQUESTS = { cpu: '100m', memory: '256Mi' }

/** How a driver ends that a signal has ended: 128 and its number. Any other end but success is the program's own. */
const KILLED = [134, 135, 137, 139, 143]

/** A ConfigMap may have 1 MiB, keys included. */
const MAX_PART_BYTES = 1_000_000

/** What all objects of a run refer to: they go when it does. */
export function ownedBy({ apiVersion, kind, metadata }: Run): OwnerReference {
  return { apiVersion, kind, name: metadata.name ?? '', uid: metadata.uid ?? '', controller: true }
}

/** The program, compressed with brotli, in as many ConfigMaps as it takes. */
export function programMaps(run: Run, program: Uint8Array): readonly ConfigMap[] {
  const { name = '', namespace = '' } = run.metadata
  return Array.from({ length: programParts(program) }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: programMapName(name, index),
      namespace,
      labels: { [RUN_LABEL]: name },
      ownerReferences: [ownedBy(run)],
    },
    immutable: true,
    ...(index === 0 && { data: { [START_FILE]: START } }),
    binaryData: {
      [partName(index)]: Buffer.from(program.subarray(index * MAX_PART_BYTES, (index + 1) * MAX_PART_BYTES)).toString(
        'base64',
      ),
    },
  }))
}

export const programParts = (program: Uint8Array) => Math.ceil(program.byteLength / MAX_PART_BYTES)

/**
 * The Job whose pod is the driver of a run. What the program itself fails with ends it; a pod that is lost is replaced, and
 * one that had to leave its node does not count.
 */
export function driverJob(run: Run, driver: DriverSpec): Job {
  const { name = '', namespace = '' } = run.metadata
  const labels = runLabels(name, 'driver')
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: driverName(name), namespace, labels, ownerReferences: [ownedBy(run)] },
    spec: {
      backoffLimit: driver.backoffLimit ?? DRIVER_BACKOFF_LIMIT,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          { action: 'FailJob', onExitCodes: { containerName: 'driver', operator: 'NotIn', values: KILLED } },
        ],
      },
      template: {
        metadata: { labels },
        spec: {
          ...RESTRICTED_POD,
          automountServiceAccountToken: true,
          serviceAccountName: driver.serviceAccountName ?? DRIVER_ACCOUNT,
          restartPolicy: 'Never',
          containers: [driverContainer(name, namespace, driver)],
          volumes: volumesOf(name, driver),
        },
      },
    },
  }
}

function driverContainer(run: string, namespace: string, driver: DriverSpec): Container {
  const { image, memory, cpu } = driver
  return {
    name: 'driver',
    image,
    command: ['node', ...NODE_FLAGS, '--enable-source-maps', `${PROGRAM_DIRECTORY}/${START_FILE}`],
    env: [
      { name: DRIVER_VARIABLES.run, value: run },
      { name: DRIVER_VARIABLES.namespace, value: namespace },
      { name: DRIVER_VARIABLES.host, valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: DRIVER_VARIABLES.state, value: STATE_DIRECTORY },
      { name: 'TMPDIR', value: SCRATCH_DIRECTORY },
      { name: 'HOME', value: SCRATCH_DIRECTORY },
      ...secretVariables(driver),
    ],
    resources: {
      requests: { cpu: cpu ?? REQUESTS.cpu, memory: memory ?? REQUESTS.memory },
      ...(memory === undefined ? {} : { limits: { memory } }),
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: RESTRICTED_CONTAINER,
    volumeMounts: [
      { name: 'program', mountPath: PROGRAM_DIRECTORY, readOnly: true },
      { name: 'scratch', mountPath: SCRATCH_DIRECTORY },
      { name: 'state', mountPath: STATE_DIRECTORY },
      ...sharedMounts(driver.volumes),
    ],
  }
}

function volumesOf(run: string, { parts, stateClaim, volumes }: DriverSpec): Volume[] {
  const sources = Array.from({ length: parts }, (_, index) => ({ configMap: { name: programMapName(run, index) } }))
  return [
    { name: 'program', projected: { sources } },
    { name: 'scratch', emptyDir: {} },
    stateClaim === undefined
      ? { name: 'state', emptyDir: {} }
      : { name: 'state', persistentVolumeClaim: { claimName: stateClaim } },
    ...sharedVolumes(volumes),
  ]
}

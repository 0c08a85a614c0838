import type { Job } from '../../api/generated/batch-v1.ts'
import type { ConfigMap, Secret } from '../../api/generated/core-v1.ts'
import { COORDINATOR_VARIABLES } from '../link/coordinator-variables.ts'
import type { Trust } from '../wire/secure.ts'
import { RESTRICTED_CONTAINER, RESTRICTED_POD, SECRET_FILE_MODE, TRUST_DIRECTORY } from './restricted.ts'
import { START_FILE, startFile } from './start-file.ts'
import { COMPONENT_LABEL, FINISHED_TTL_SECONDS, NODE_FLAGS, RUN_LABEL, runLabels, trustData } from './worker-job.ts'

export interface CoordinatorJobFacts {
  /** Of the run. */
  readonly run: string
  readonly namespace: string
  readonly image: string
  readonly port: number
  /** How long the driver may be away, in milliseconds. */
  readonly awayMs: number
}

/** What all objects of a run's coordinator are called. */
export const coordinatorName = (run: string) => `${run}-coordinator`

export const COORDINATOR_SELECTOR = (run: string) => `${RUN_LABEL}=${run},${COMPONENT_LABEL}=coordinator`

/** Enough for the queue of most runs; without a limit, since what a run needs is not known. */
const REQUESTS = { cpu: '100m', memory: '128Mi' }
/** A coordinator that fails by itself again and again is no use; nodes that go away are another matter. */
const BACKOFF_LIMIT = 6

/** The Job whose one pod is the coordinator of a run. Its container is started again in its pod, under the same address. */
export function coordinatorJob({ run, namespace, image, port, awayMs }: CoordinatorJobFacts): Job {
  const name = coordinatorName(run)
  const labels = runLabels(run, 'coordinator')
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels },
    spec: {
      backoffLimit: BACKOFF_LIMIT,
      ttlSecondsAfterFinished: FINISHED_TTL_SECONDS,
      template: {
        metadata: { labels },
        spec: {
          ...RESTRICTED_POD,
          restartPolicy: 'OnFailure',
          terminationGracePeriodSeconds: 5,
          containers: [
            {
              name: 'coordinator',
              image,
              command: ['node', ...NODE_FLAGS, `/coordinator/${START_FILE}`],
              env: [
                { name: COORDINATOR_VARIABLES.port, value: String(port) },
                { name: COORDINATOR_VARIABLES.token, valueFrom: { secretKeyRef: { name, key: 'token' } } },
                { name: COORDINATOR_VARIABLES.trust, value: TRUST_DIRECTORY },
                { name: COORDINATOR_VARIABLES.awayMs, value: String(awayMs) },
              ],
              terminationMessagePolicy: 'FallbackToLogsOnError',
              ports: [{ containerPort: port, name: 'run' }],
              resources: { requests: REQUESTS },
              securityContext: RESTRICTED_CONTAINER,
              volumeMounts: [
                { name: 'program', mountPath: '/coordinator', readOnly: true },
                { name: 'trust', mountPath: TRUST_DIRECTORY, readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: 'program', configMap: { name } },
            { name: 'trust', secret: { secretName: name, defaultMode: SECRET_FILE_MODE } },
          ],
        },
      },
    },
  }
}

export function coordinatorConfigMap({ run, namespace }: CoordinatorJobFacts, program: string): ConfigMap {
  const metadata = { name: coordinatorName(run), namespace, labels: { [RUN_LABEL]: run } }
  const data = { 'coordinator.mjs': program, [START_FILE]: startFile('coordinator.mjs') }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, immutable: true, data }
}

export function coordinatorSecret({ run, namespace }: CoordinatorJobFacts, token: string, trust: Trust): Secret {
  const metadata = { name: coordinatorName(run), namespace, labels: { [RUN_LABEL]: run } }
  const data = { token: Buffer.from(token).toString('base64'), ...trustData(trust) }
  return { apiVersion: 'v1', kind: 'Secret', metadata, immutable: true, type: 'Opaque', data }
}

import type { Authority } from '../identity/authority.ts'
import type { Controller } from '../reconcile/reconciler.ts'
import { certificateApprover } from './certificates/certificate-approver.ts'
import { certificateCleaner } from './certificates/certificate-cleaner.ts'
import { certificateSigner } from './certificates/certificate-signer.ts'
import { clusterRoleAggregationController } from './cluster-role-aggregation/cluster-role-aggregation.ts'
import { cronJobController } from './cron-job/cron-job.ts'
import { daemonSetController } from './daemon-set/daemon-set.ts'
import { deploymentController } from './deployment/deployment.ts'
import { disruptionController } from './disruption/disruption.ts'
import { endpointSliceMirroringController } from './endpoint-slice-mirroring/endpoint-slice-mirroring.ts'
import { endpointSliceController } from './endpoint-slice/endpoint-slice.ts'
import { endpointsController } from './endpoints/endpoints.ts'
import { garbageCollector } from './garbage-collector/garbage-collector.ts'
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/horizontal-pod-autoscaler.ts'
import { jobController } from './job/job.ts'
import { namespaceController } from './namespace/namespace.ts'
import { nodeLifecycleController } from './node-lifecycle/node-lifecycle.ts'
import { ephemeralVolumeController } from './persistent-volume/ephemeral-volumes.ts'
import { persistentVolumeBinder } from './persistent-volume/persistent-volume-binder.ts'
import { podGarbageCollector } from './pod-garbage-collector/pod-garbage-collector.ts'
import { policyStatusController } from './policy-status/policy-status.ts'
import { replicaSetController } from './replica-set/replica-set.ts'
import { replicationController } from './replication-controller/replication-controller.ts'
import { resourceQuotaController } from './resource-quota/resource-quota.ts'
import { rootCaPublisher } from './root-ca/root-ca.ts'
import { serviceAccountController } from './service-account/service-account.ts'
import { statefulSetController } from './stateful-set/stateful-set.ts'
import { taintEvictionController } from './taint-eviction/taint-eviction.ts'
import { ttlAfterFinishedController } from './ttl-after-finished/ttl-after-finished.ts'
import { verticalPodAutoscalerController } from './vertical-pod-autoscaler/vertical-pod-autoscaler.ts'
import { claimProtectionController } from './volume-protection/claim-protection.ts'
import { volumeProtectionController } from './volume-protection/volume-protection.ts'

export interface BuiltInOptions {
  /** PEM certificate of the authority that signed the API server's; without it no root CA is published. */
  readonly caCertificate?: string
  /** Signs approved requests for certificates; without it nobody does. */
  readonly authority?: Pick<Authority, 'sign'>
  /** How long a node may be silent before it counts as lost; default 40 s. */
  readonly nodeGraceMs?: number
  /** Ended pods that the cluster keeps; default 12500. */
  readonly terminatedPodThreshold?: number
}

/** Every controller that Shoal's controller manager runs. */
export function builtInControllers(options: BuiltInOptions = {}): readonly Controller[] {
  const { caCertificate, authority, nodeGraceMs, terminatedPodThreshold } = options
  return [
    namespaceController,
    serviceAccountController,
    ...(caCertificate === undefined ? [] : [rootCaPublisher(caCertificate)]),
    ...(authority === undefined ? [] : [certificateSigner(authority)]),
    certificateApprover,
    certificateCleaner,
    jobController,
    cronJobController,
    ttlAfterFinishedController,
    replicaSetController,
    replicationController,
    deploymentController,
    statefulSetController,
    daemonSetController,
    endpointSliceController,
    endpointsController,
    endpointSliceMirroringController,
    disruptionController,
    horizontalPodAutoscalerController,
    verticalPodAutoscalerController,
    garbageCollector,
    clusterRoleAggregationController,
    resourceQuotaController,
    policyStatusController,
    persistentVolumeBinder,
    ephemeralVolumeController,
    claimProtectionController,
    volumeProtectionController,
    nodeLifecycleController(nodeGraceMs === undefined ? {} : { graceMs: nodeGraceMs }),
    taintEvictionController,
    podGarbageCollector(terminatedPodThreshold === undefined ? {} : { terminatedThreshold: terminatedPodThreshold }),
  ]
}

import type { Draft } from '../draft.ts'
import type {
  DeviceClaim,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
} from '../generated/resource-v1.ts'

export const defaultResourceClaim = ({ spec }: Draft<ResourceClaim>): void => defaultDevices(spec?.devices)

export const defaultClaimTemplate = ({ spec }: Draft<ResourceClaimTemplate>): void =>
  defaultDevices(spec?.spec?.devices)

/** One device is asked for where nobody says how many. */
function defaultDevices(devices: Draft<DeviceClaim> | undefined): void {
  for (const { exactly, firstAvailable } of devices?.requests ?? []) {
    for (const request of [...(exactly === undefined ? [] : [exactly]), ...(firstAvailable ?? [])]) setMode(request)
  }
}

function setMode(request: Draft<ExactDeviceRequest> | Draft<DeviceSubRequest>): void {
  if ((request.allocationMode ?? '') === '') request.allocationMode = 'ExactCount'
  for (const toleration of request.tolerations ?? []) if (!toleration.operator) toleration.operator = 'Equal'
  if (request.allocationMode === 'ExactCount' && (request.count ?? 0) === 0) request.count = 1
}

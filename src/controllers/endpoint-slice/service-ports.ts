import type { Container, Pod, Service, ServicePort } from '../../api/generated/core-v1.ts'

/** Where a port of a service leads on one pod. */
export interface TargetPort {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly appProtocol?: string
}

/** The service's ports as numbers on this pod; a named port that the pod does not have is left out. */
export function targetPorts(service: Service, pod: Pod): readonly TargetPort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort): TargetPort[] => {
    const port = portOn(pod, servicePort)
    if (port === undefined) return []
    const { name = '', protocol = 'TCP', appProtocol } = servicePort
    return [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }]
  })
}

function portOn(pod: Pod, { port, targetPort = port, protocol = 'TCP' }: ServicePort): number | undefined {
  if (typeof targetPort === 'number') return targetPort === 0 ? port : targetPort
  const ports = longRunning(pod).flatMap((container) => container.ports ?? [])
  return ports.find((one) => one.name === targetPort && (one.protocol ?? 'TCP') === protocol)?.containerPort
}

/** The containers that serve: sidecars too, other init containers not. */
function longRunning({ spec }: Pod): readonly Container[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...(spec?.containers ?? []), ...sidecars]
}

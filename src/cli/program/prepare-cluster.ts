import { readFileSync } from 'node:fs'
import { prepareEmbedded } from '../../connect/embedded-cluster.ts'

/** What imports `shoal` opens sessions. */
const IMPORTS_SHOAL = /\bfrom\s*['"]shoal['"]/

/**
 * Begins the cluster that a program is going to ask for, before anything of the program is read but its text: where nobody has said
 * which cluster it runs on, and it imports `shoal`.
 */
export function prepareCluster(file: string, { context, kubeconfig }: { context?: string; kubeconfig?: string }): void {
  if (context === undefined && kubeconfig === undefined && IMPORTS_SHOAL.test(textOf(file))) prepareEmbedded()
}

/** What cannot be read is told of by whoever runs it. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

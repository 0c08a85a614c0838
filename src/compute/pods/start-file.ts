/** What a pod's program is started by, in the same directory: an image with another Node is refused in words. */
export const START_FILE = 'start.mjs'

/** How a program ends whose image has another Node: "wrong configuration", as sysexits.h has it. */
export const WRONG_NODE = 78

/** The major version that a pod's Node must have: values travel in the form in which its engine writes them. */
export const nodeMajor = (version: string) => Number(version.replace(/^v/, '').split('.')[0])

/** Read by whatever Node there is: it must not use what an old one lacks. */
export function startFile(program: string, version = process.version): string {
  const wanted = nodeMajor(version)
  return `const major = Number(process.versions.node.split('.')[0])
if (major === ${wanted}) import('./${program}')
else {
  process.stderr.write('Cannot run on Node ' + process.version + ': it is what the image has, expected ${wanted}, as the driver has\\n')
  process.exit(${WRONG_NODE})
}
`
}

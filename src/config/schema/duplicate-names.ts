/** One problem for every name that an earlier app has already. */
export function duplicateNames(
  apps: readonly { readonly path: string; readonly name: string | undefined }[],
): string[] {
  const firstPaths = new Map<string, string>()
  return apps.flatMap(({ path, name }) => {
    if (name === undefined) return []
    const firstPath = firstPaths.get(name)
    if (firstPath === undefined) {
      firstPaths.set(name, path)
      return []
    }
    return `${path}.name: must be unique, ${JSON.stringify(name)} is the name of ${firstPath} too`
  })
}

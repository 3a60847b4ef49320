import { packageVersion } from '../base/package.ts'

/** The version that runs. Read once, at the start: the package on disk may be replaced by another one. */
export const PACKAGE_VERSION = packageVersion()

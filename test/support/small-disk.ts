import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A disk of its own for a folder. Whoever mounts it unmounts it, also when a test fails. */
export interface SmallDisk {
  fill(): void
  free(): void
  unmount(): void
}

/** Undefined where nothing may be mounted. */
export function tryMountSmallDisk(folder: string, size: string): SmallDisk | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!succeeds('mount', '-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', folder)) return undefined
  const ballast = join(folder, 'ballast')
  return {
    fill: () => fillUp(ballast),
    free: () => rmSync(ballast, { force: true }),
    unmount: () => void succeeds('umount', '-l', folder),
  }
}

/** Makes what is in the folder read-only; undefined where nothing may be mounted. */
export function tryMakeReadOnly(folder: string): { undo(): void } | undefined {
  if (!succeeds('mount', '--bind', folder, folder)) return undefined
  const undo = () => void succeeds('umount', '-l', folder)
  if (succeeds('mount', '-o', 'remount,bind,ro', folder)) return { undo }
  undo()
  return undefined
}

function fillUp(path: string): void {
  for (const bytes of [65_536, 4096, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' })
    } catch {
      // Full for pieces of this size.
    }
  }
}

function succeeds(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args).status === 0
}

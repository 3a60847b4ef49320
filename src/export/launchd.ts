import { join } from 'node:path'
import type { BootService } from './boot-service.ts'
import { homeMark, MARK } from './boot-service.ts'

/** A property list for /Library/LaunchDaemons, or for ~/Library/LaunchAgents of a user. */
export function renderLaunchd({ name, account, home, node, args, path }: BootService): string {
  const log = join(home, 'launchd.log')
  const entries = [
    ['Label', text(name)],
    ['ProgramArguments', array([node, ...args])],
    ...(account === null ? [] : [['UserName', text(account.name)]]),
    ['EnvironmentVariables', `<dict>\n    <key>PATH</key>\n    ${text(path)}\n  </dict>`],
    ['RunAtLoad', '<true/>'],
    ['KeepAlive', '<true/>'],
    // Workers outlive the daemon; the next one takes them over.
    ['AbandonProcessGroup', '<true/>'],
    ['ThrottleInterval', '<integer>1</integer>'],
    ['ExitTimeOut', '<integer>300</integer>'],
    ['Umask', '<integer>63</integer>'],
    ['SoftResourceLimits', '<dict>\n    <key>NumberOfFiles</key>\n    <integer>65536</integer>\n  </dict>'],
    ['StandardOutPath', text(log)],
    ['StandardErrorPath', text(log)],
  ]
  const body = entries.map(([key, value]) => `  <key>${key}</key>\n  ${value}\n`).join('')
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    `<!-- ${MARK} -->`,
    `<!-- ${homeMark(home)} -->`,
    '<plist version="1.0">',
    `<dict>\n${body}</dict>`,
    '</plist>\n',
  ].join('\n')
}

function array(values: readonly string[]): string {
  return `<array>\n${values.map((value) => `    ${text(value)}\n`).join('')}  </array>`
}

function text(value: string): string {
  return `<string>${value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</string>`
}

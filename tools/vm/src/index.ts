export { acceleration, type Acceleration } from './acceleration';
export { outboxPort } from './arguments';
export { damagedCopy, findOnMedium, type Extent } from './damage';
export type { Button, Chord } from './keys';
export type { Firmware, Forward, Medium, Network, VmOptions } from './options';
export { readText } from './read-text';
export { difference, isBlank, screenContent, type ScreenContent, type Screenshot } from './screen';
export { SerialConsole, type CommandResult } from './serial-console';
export { VirtualMachine } from './virtual-machine';

export { bundleProgram, type ProgramOptions } from './bundle-program';

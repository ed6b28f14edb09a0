export { exportFrom, importInto } from './take-in';

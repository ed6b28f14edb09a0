export { chooseBackend, type Backend, type BackendChoice } from '@nanite/contracts';

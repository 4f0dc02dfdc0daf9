// What the upload page uses of fflate: writing a zip of stored entries piece by piece.
export { Zip, ZipPassThrough } from 'fflate';

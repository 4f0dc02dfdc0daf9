// What our viewer modules use of Cornerstone's tools: navigation and measuring.
export {
  Enums as ToolEnums,
  LengthTool,
  PanTool,
  ToolGroupManager,
  ZoomTool,
  addTool,
  annotation,
  cancelActiveManipulations,
  init as initTools,
} from '@cornerstonejs/tools';

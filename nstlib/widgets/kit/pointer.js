// What mouse, pen and finger do on a picture or a chart. A finger that goes up or down scrolls the page, for on a
// telephone a picture fills the screen; so the element's touch-action has to be `pan-y pinch-zoom`.

const SLACK = 6; // pixels that a finger may tremble

/**
 * Follow a pointer on `stage`, which gets the focus: `begin(event)` hears where it takes hold, `move(event)` of each
 * place from there on, `hover(event)` of a pointer that only passes. A mouse takes hold at once; a finger or a pen when
 * it goes sideways, from where it may go anywhere, or when it taps.
 */
export function follow(stage, { begin, move = begin, hover = () => {} }) {
  let held = false;
  let down = null; // where a finger came down, as long as it may want to scroll
  const take = (event) => {
    [held, down] = [true, null];
    stage.focus({ preventScroll: true });
    begin(event);
  };
  const letGo = () => {
    [held, down] = [false, null];
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    stage.setPointerCapture(event.pointerId);
    event.preventDefault();
    if (event.pointerType === "mouse") take(event);
    else down = event;
  });
  stage.addEventListener("pointermove", (event) => {
    if (!event.isPrimary) return;
    const [x, y] = down ? [event.clientX - down.clientX, event.clientY - down.clientY].map(Math.abs) : [0, 0];
    if (held) move(event);
    else if (!down) hover(event);
    else if (x > SLACK && x >= y) take(event);
  });
  stage.addEventListener("pointerup", (event) => {
    if (down && event.isPrimary) take(event);
    letGo();
  });
  ["pointercancel", "lostpointercapture"].forEach((type) => stage.addEventListener(type, letGo));
}

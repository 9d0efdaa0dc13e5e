extension PickPage {
  /// The page's program.
  ///
  /// Positions are pixels of the full photo until they are drawn.
  static let script = #"""
    'use strict';
    const data = JSON.parse(document.getElementById('data').textContent);
    const element = id => document.getElementById(id);
    const canvas = element('canvas');
    const context = canvas.getContext('2d');
    const scale = data.viewWidth / data.width;
    const removeColor = '#ff2d87';

    // MARK: What was picked, and the steps back

    let state = { objects: [], points: [], boxes: [], strokes: [] };
    let past = [];
    let future = [];
    let savedStrokes = null;

    function change(part, text) {
      past.push(state);
      future = [];
      state = { ...state, ...part };
      refresh(text);
    }

    function step(from, to, text) {
      if (from.length === 0) return;
      to.push(state);
      state = from.pop();
      refresh(text);
    }
    const undo = () => step(past, future, 'Undone.');
    const redo = () => step(future, past, 'Done again.');

    // MARK: Detected objects

    for (const object of data.objects) {
      object.starts = [];
      object.ends = [];
      object.area = 0;
      object.path = new Path2D();
      let position = 0;
      for (let i = 0; i < object.runs.length; i += 2) {
        position += object.runs[i];
        const length = object.runs[i + 1];
        object.starts.push(position);
        object.ends.push(position + length);
        object.area += length;
        object.path.rect(
          position % data.viewWidth, Math.floor(position / data.viewWidth), length, 1);
        position += length;
      }
    }
    const smallestFirst = [...data.objects].sort((a, b) => a.area - b.area);

    function objectAt(x, y) {
      const column = Math.min(Math.floor(x * scale), data.viewWidth - 1);
      const row = Math.min(Math.floor(y * scale), data.viewHeight - 1);
      const place = row * data.viewWidth + column;
      return smallestFirst.find(object => {
        let low = 0;
        let high = object.starts.length;
        while (low < high) {
          const middle = (low + high) >> 1;
          if (object.ends[middle] <= place) low = middle + 1; else high = middle;
        }
        return low < object.starts.length && object.starts[low] <= place;
      });
    }

    function toggle(object) {
      const picked = state.objects.includes(object.label);
      const others = state.objects.filter(label => label !== object.label);
      const order = data.objects.map(each => each.label);
      const objects = picked ? others
        : [...others, object.label].sort((a, b) => order.indexOf(a) - order.indexOf(b));
      change({ objects }, object.label + (picked ? ' stays.' : ' goes.'));
    }

    for (const object of data.objects) {
      const item = document.createElement('li');
      const label = document.createElement('label');
      const box = document.createElement('input');
      const swatch = document.createElement('span');
      const text = document.createElement('span');
      box.type = 'checkbox';
      box.addEventListener('change', () => toggle(object));
      swatch.className = 'swatch';
      swatch.style.background = object.color;
      swatch.textContent = object.index;
      text.textContent = object.label + (object.score === null ? '' : ' ' + object.score + '%');
      label.append(box, swatch, text);
      label.addEventListener('pointerenter', () => { hovered = object; draw(); });
      label.addEventListener('pointerleave', () => { hovered = null; draw(); });
      item.append(label);
      element('objects').append(item);
      object.box = box;
      object.row = label;
    }
    if (data.objects.length === 0) {
      const item = document.createElement('li');
      item.className = 'quiet';
      item.textContent = 'None was found. Click, draw a box or brush.';
      element('objects').append(item);
    }

    // MARK: Drawing

    let tool = 'objects';
    let hovered = null;
    let cross = null;      // where the keyboard points; shown once a key moved it
    let pointer = null;    // where the mouse is, for the brush's ring
    let corner = null;     // the box that is being drawn: its first corner
    let stroke = null;     // the stroke that is being drawn
    const layer = document.createElement('canvas');
    layer.width = data.viewWidth;
    layer.height = data.viewHeight;
    const layerContext = layer.getContext('2d');

    // Pixels of the picture for one pixel of the screen.
    const density = () => data.viewWidth / Math.max(canvas.clientWidth, 1);

    function paintStrokes(target, strokes, factor, paint, erase) {
      target.lineCap = 'round';
      target.lineJoin = 'round';
      for (const each of strokes) {
        (each.erase ? erase : paint)();
        const [first, ...rest] = each.points;
        target.beginPath();
        if (rest.length === 0) {
          target.arc(first[0] * factor, first[1] * factor, each.radius * factor, 0, 2 * Math.PI);
          target.fill();
          continue;
        }
        target.lineWidth = 2 * each.radius * factor;
        target.moveTo(first[0] * factor, first[1] * factor);
        for (const point of rest) target.lineTo(point[0] * factor, point[1] * factor);
        target.stroke();
      }
    }

    function paintLayer(strokes) {
      layerContext.globalCompositeOperation = 'source-over';
      layerContext.clearRect(0, 0, layer.width, layer.height);
      layerContext.fillStyle = layerContext.strokeStyle = removeColor;
      paintStrokes(layerContext, strokes, scale,
        () => { layerContext.globalCompositeOperation = 'source-over'; },
        () => { layerContext.globalCompositeOperation = 'destination-out'; });
    }

    function brushRadius() { return element('size').value / 2 * density() / scale; }

    function twice(width, color, path) {
      context.lineWidth = width + 2 * density();
      context.strokeStyle = 'rgb(0 0 0 / .6)';
      path();
      context.lineWidth = width;
      context.strokeStyle = color;
      path();
    }

    function sign(x, y, text, color, size) {
      context.beginPath();
      context.arc(x, y, size, 0, 2 * Math.PI);
      context.fillStyle = color;
      context.fill();
      twice(1.5 * density(), '#fff', () => context.stroke());
      context.fillStyle = '#fff';
      context.font = '600 ' + size * 1.3 + 'px system-ui, sans-serif';
      context.textAlign = 'center';
      context.textBaseline = 'middle';
      context.fillText(text, x, y + size * 0.08);
    }

    function drawNow() {
      const unit = density();
      context.clearRect(0, 0, canvas.width, canvas.height);
      for (const object of data.objects) {
        const picked = state.objects.includes(object.label);
        if (!picked && tool !== 'objects' && object !== hovered) continue;
        context.globalAlpha = picked ? 0.6 : object === hovered ? 0.55 : 0.25;
        context.fillStyle = picked ? removeColor : object.color;
        context.fill(object.path);
      }
      const strokes = stroke ? [...state.strokes, stroke] : state.strokes;
      if (strokes.length > 0) {
        paintLayer(strokes);
        context.globalAlpha = 0.6;
        context.drawImage(layer, 0, 0);
      }
      context.globalAlpha = 1;
      const boxes = corner && corner.end ? [...state.boxes, boxBetween(corner, corner.end)]
        : state.boxes;
      for (const [x, y, width, height] of boxes) {
        context.setLineDash([8 * unit, 5 * unit]);
        twice(2 * unit, removeColor,
          () => context.strokeRect(x * scale, y * scale, width * scale, height * scale));
        context.setLineDash([]);
      }
      for (const object of data.objects) {
        const picked = state.objects.includes(object.label);
        if (object.area === 0 || !(picked || tool === 'objects')) continue;
        sign(object.anchor[0], object.anchor[1], object.index,
          picked ? removeColor : 'rgb(20 20 20 / .8)', 11 * unit);
      }
      const lasts = new Map();
      for (const point of state.points) {
        const last = lasts.get(point.thing);
        lasts.set(point.thing, point);
        if (!last) continue;
        twice(1.5 * unit, removeColor, () => {
          context.beginPath();
          context.moveTo((last.x + 0.5) * scale, (last.y + 0.5) * scale);
          context.lineTo((point.x + 0.5) * scale, (point.y + 0.5) * scale);
          context.stroke();
        });
      }
      for (const { x, y, keep } of state.points) {
        sign((x + 0.5) * scale, (y + 0.5) * scale, keep ? '\u2212' : '+',
          keep ? '#0b62c4' : removeColor, 9 * unit);
      }
      if (cross && document.activeElement === canvas) {
        const [x, y] = [cross.x * scale, cross.y * scale];
        twice(1.5 * unit, '#fff', () => {
          context.beginPath();
          context.moveTo(x - 14 * unit, y);
          context.lineTo(x + 14 * unit, y);
          context.moveTo(x, y - 14 * unit);
          context.lineTo(x, y + 14 * unit);
          context.stroke();
        });
      }
      const ring = tool === 'brush' ? pointer ?? (document.activeElement === canvas ? cross : null)
        : null;
      if (ring) {
        twice(1.5 * unit, '#fff', () => {
          context.beginPath();
          context.arc(ring.x * scale, ring.y * scale, brushRadius() * scale, 0, 2 * Math.PI);
          context.stroke();
        });
      }
    }

    let isDrawn = true;
    function draw() {
      if (!isDrawn) return;
      isDrawn = false;
      requestAnimationFrame(() => { isDrawn = true; drawNow(); });
    }

    // MARK: The command

    // A word as a POSIX shell reads it back.
    function quoted(word) {
      if (/^[A-Za-z0-9_@%+=:,.\/-]+$/.test(word)) return word;
      return "'" + word.replaceAll("'", "'\\''") + "'";
    }

    // Whether anything is left of the strokes: what was painted may have been erased.
    let seenStrokes = null;
    let isPainted = false;
    function hasMask() {
      if (seenStrokes === state.strokes) return isPainted;
      seenStrokes = state.strokes;
      isPainted = state.strokes.some(each => !each.erase);
      if (isPainted && state.strokes.some(each => each.erase)) {
        paintLayer(state.strokes);
        const { data: bytes } = layerContext.getImageData(0, 0, layer.width, layer.height);
        isPainted = bytes.some((value, index) => index % 4 === 3 && value > 127);
      }
      return isPainted;
    }

    function command() {
      const words = ['efface', 'remove-object', data.path];
      if (state.objects.length > 0) words.push('--object', state.objects.join(','));
      // What is kept narrows the rest; alone it means nothing.
      const refines = state.objects.length > 0 || state.boxes.length > 0
        || state.points.some(point => !point.keep);
      for (const point of state.points) {
        if (point.keep && !refines) continue;
        const same = point.keep ? [point]
          : state.points.filter(each => each.thing === point.thing);
        if (same[0] !== point) continue;
        words.push(point.keep ? '--not-at' : '--at',
          same.map(({ x, y }) => x + ',' + y).join('+'));
      }
      for (const box of state.boxes) words.push('--box', box.join(','));
      if (hasMask()) words.push('--mask', element('mask').value || data.mask);
      const selects = hasMask() || refines;
      return selects ? words.map(quoted).join(' ') : null;
    }

    function say(text, isWarning = false) {
      element('status').textContent = text;
      element('status').classList.toggle('warn', isWarning);
    }

    function count(number, one, many) { return number + ' ' + (number === 1 ? one : many); }

    function refresh(text = '') {
      const line = command();
      element('command').textContent = line ?? 'Nothing is picked yet.';
      element('command').classList.toggle('none', line === null);
      element('copy').disabled = line === null;
      element('undo').disabled = past.length === 0;
      element('redo').disabled = future.length === 0;
      element('clear').disabled = Object.values(state).every(part => part.length === 0);
      element('mask-row').hidden = !hasMask();
      const keeps = state.points.filter(point => point.keep).length;
      const parts = [
        count(state.points.length - keeps, 'click removes', 'clicks remove'),
        count(keeps, 'click keeps', 'clicks keep'),
        count(state.boxes.length, 'box', 'boxes'),
        count(state.strokes.length, 'brush stroke', 'brush strokes'),
      ].filter(part => !part.startsWith('0 '));
      element('counts').textContent = parts.length > 0 ? parts.join(', ') + '.' : 'Nothing else.';
      for (const object of data.objects) object.box.checked = state.objects.includes(object.label);
      const narrows = state.objects.length + state.boxes.length > 0 || keeps < state.points.length;
      if (keeps > 0 && !narrows) {
        say((text + ' What stays narrows what goes: pick something.').trim(), true);
      } else if (hasMask() && savedStrokes !== state.strokes) {
        say((text + ' Save the mask before you run the command.').trim(), true);
      } else {
        say(text);
      }
      draw();
    }

    // MARK: Tools

    const hints = {
      objects: 'Tap an object, or tick it in the list. Keys: arrows move the cross, Enter picks.',
      click: 'Click what should go; Shift-click more places on the same thing; Alt-click or '
        + 'right-click what should stay. Click a mark to take it away. Keys: arrows, Enter, Shift and '
        + 'Enter, N for what stays.',
      box: 'Drag a box around what should go. Keys: arrows, Enter for one corner and the other.',
      brush: 'Paint over what should go, then save the mask. Keys: [ and ] for the size, E erases, '
        + 'arrows and Enter paint.',
    };

    function choose(name) {
      tool = name;
      hovered?.row.classList.remove('hover');
      corner = stroke = hovered = null;
      document.querySelector(`#tools [value=${name}]`).checked = true;
      for (const option of document.querySelectorAll('.option')) {
        option.hidden = option.dataset.for !== name;
      }
      element('hint').textContent = hints[name];
      canvas.classList.toggle('draws', name === 'box' || name === 'brush');
      canvas.classList.toggle('taps', name === 'objects');
      draw();
    }

    function place(event) {
      const box = canvas.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * data.width;
      const y = (event.clientY - box.top) / box.height * data.height;
      return {
        x: Math.min(Math.max(x, 0), data.width), y: Math.min(Math.max(y, 0), data.height),
      };
    }

    function boxBetween(a, b) {
      const left = Math.min(Math.floor(Math.min(a.x, b.x)), data.width - 1);
      const top = Math.min(Math.floor(Math.min(a.y, b.y)), data.height - 1);
      return [left, top, Math.max(Math.ceil(Math.max(a.x, b.x)) - left, 1),
        Math.max(Math.ceil(Math.max(a.y, b.y)) - top, 1)];
    }

    // Adds a mark, on the same thing as the last one where `isSame`, or takes away the one that is there.
    function mark(spot, keep, isSame = false) {
      const x = Math.min(Math.floor(spot.x), data.width - 1);
      const y = Math.min(Math.floor(spot.y), data.height - 1);
      const reach = 9 * density() / scale;
      const near = state.points.find(point => Math.hypot(point.x - x, point.y - y) <= reach);
      if (near) {
        change({ points: state.points.filter(point => point !== near) }, 'Mark taken away.');
      } else {
        const last = keep ? null : state.points.findLast(point => !point.keep);
        const thing = isSame && last ? last.thing : Symbol();
        change({ points: [...state.points, { x, y, keep, thing }] },
          `${x},${y} ${keep ? 'stays' : thing === last?.thing ? 'goes with it' : 'goes'}.`);
      }
    }

    function finishBox(end) {
      const reach = 4 * density() / scale;
      const box = boxBetween(corner, end);
      const isTap = Math.abs(end.x - corner.x) < reach && Math.abs(end.y - corner.y) < reach;
      corner = null;
      if (isTap) draw();
      else change({ boxes: [...state.boxes, box] }, `Box ${box.join(',')}.`);
    }

    // MARK: Pointer and touch

    canvas.addEventListener('click', event => {
      const spot = place(event);
      cross = null;
      if (tool === 'objects') {
        const object = objectAt(spot.x, spot.y);
        if (object) toggle(object);
        else say('No detected object is here: click, box or brush instead.');
      } else if (tool === 'click') {
        mark(spot, event.altKey || element('keep').checked,
          event.shiftKey || element('same').checked);
      }
    });
    canvas.addEventListener('contextmenu', event => {
      if (tool !== 'click') return;
      event.preventDefault();
      mark(place(event), true);
    });
    canvas.addEventListener('pointerdown', event => {
      if (event.button !== 0 || !event.isPrimary) return;
      if (tool !== 'box' && tool !== 'brush') return;
      event.preventDefault();
      canvas.focus({ preventScroll: true });
      try { canvas.setPointerCapture(event.pointerId); } catch { /* a pointer made by a script */ }
      cross = null;
      const spot = place(event);
      if (tool === 'box') {
        corner = { ...spot, end: spot, drags: true };
      } else {
        const erase = event.altKey || element('erase').checked;
        stroke = { radius: brushRadius(), erase, points: [[spot.x, spot.y]] };
      }
      draw();
    });
    canvas.addEventListener('pointermove', event => {
      const spot = place(event);
      pointer = event.pointerType === 'touch' ? null : spot;
      if (tool === 'objects') {
        const object = objectAt(spot.x, spot.y) ?? null;
        if (object !== hovered) {
          hovered?.row.classList.remove('hover');
          object?.row.classList.add('hover');
          hovered = object;
          draw();
        }
      } else if (corner?.drags) {
        corner.end = spot;
        draw();
      } else if (tool === 'brush') {
        if (stroke) {
          const events = event.getCoalescedEvents?.() ?? [];
          for (const each of events.length > 0 ? events : [event]) {
            const { x, y } = place(each);
            stroke.points.push([x, y]);
          }
        }
        draw();
      }
    });
    canvas.addEventListener('pointerup', event => {
      if (corner?.drags) finishBox(place(event));
      if (stroke) {
        const strokes = [...state.strokes, stroke];
        stroke = null;
        change({ strokes }, 'Painted.');
      }
    });
    canvas.addEventListener('pointercancel', () => { corner = stroke = null; draw(); });
    canvas.addEventListener('pointerleave', () => {
      pointer = null;
      hovered?.row.classList.remove('hover');
      hovered = null;
      draw();
    });
    canvas.addEventListener('focus', draw);
    canvas.addEventListener('blur', draw);

    // MARK: Keyboard

    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

    canvas.addEventListener('keydown', event => {
      if (event.ctrlKey || event.metaKey) return;
      cross ??= { x: data.width / 2, y: data.height / 2 };
      const move = steps[event.key];
      if (move) {
        const length = (event.shiftKey ? 40 : 8) * density() / scale;
        cross = {
          x: Math.min(Math.max(cross.x + move[0] * length, 0), data.width),
          y: Math.min(Math.max(cross.y + move[1] * length, 0), data.height),
        };
        if (corner) corner.end = cross;
        draw();
      } else if (event.key === 'Enter' || event.key === ' ') {
        if (tool === 'objects') {
          const object = objectAt(cross.x, cross.y);
          if (object) toggle(object); else say('No detected object is here.');
        } else if (tool === 'click') {
          mark(cross, event.altKey || element('keep').checked,
            event.shiftKey || element('same').checked);
        } else if (tool === 'box') {
          if (corner) finishBox(cross); else corner = { ...cross, end: cross };
          draw();
        } else {
          const dab = {
            radius: brushRadius(), erase: event.altKey || element('erase').checked,
            points: [[cross.x, cross.y]],
          };
          change({ strokes: [...state.strokes, dab] }, 'Painted.');
        }
      } else if (event.key.toLowerCase() === 'n' && tool === 'click') {
        mark(cross, true);
      } else {
        return;
      }
      event.preventDefault();
    });

    document.addEventListener('keydown', event => {
      if (event.target.matches('input[type=text]')) return;
      const key = event.key.toLowerCase();
      if (event.ctrlKey || event.metaKey) {
        if (key === 'z') { event.preventDefault(); (event.shiftKey ? redo : undo)(); }
        if (key === 'y') { event.preventDefault(); redo(); }
        return;
      }
      if (event.altKey) return;
      const tools = { 1: 'objects', 2: 'click', 3: 'box', 4: 'brush' };
      const size = element('size');
      if (key in tools) choose(tools[key]);
      else if (key === '[') size.value = Number(size.value) / 1.25;
      else if (key === ']') size.value = Number(size.value) * 1.25 + 1;
      else if (key === 'e' && tool === 'brush') element('erase').checked ^= true;
      else if (key === 'escape') corner = stroke = null;
      else return;
      draw();
    });

    // MARK: Buttons

    element('tools').addEventListener('change', event => choose(event.target.value));
    element('size').addEventListener('input', draw);
    element('undo').addEventListener('click', undo);
    element('redo').addEventListener('click', redo);
    element('clear').addEventListener('click', () => {
      change({ objects: [], points: [], boxes: [], strokes: [] }, 'Cleared.');
    });
    element('mask').value = data.mask;
    element('mask').addEventListener('input', () => refresh());

    element('copy').addEventListener('click', async () => {
      const text = command();
      let isCopied = false;
      try {
        await navigator.clipboard.writeText(text);
        isCopied = true;
      } catch {
        // Pages of files may lack the clipboard: select the text, and copy in the old way.
        getSelection().selectAllChildren(element('command'));
        isCopied = document.execCommand('copy');
      }
      const unsaved = hasMask() && savedStrokes !== state.strokes;
      say((isCopied ? 'Copied.' : 'The command is selected: copy it with the keyboard.')
        + (unsaved ? ' Save the mask before you run it.' : ''), unsaved);
    });

    // The mask at full size, black and white without greys between.
    function maskCanvas() {
      const full = document.createElement('canvas');
      full.width = data.width;
      full.height = data.height;
      const target = full.getContext('2d', { willReadFrequently: true });
      if (!target) return null;
      const color = value => () => { target.fillStyle = target.strokeStyle = value; };
      color('#000')();
      target.fillRect(0, 0, full.width, full.height);
      paintStrokes(target, state.strokes, 1, color('#fff'), color('#000'));
      for (let top = 0; top < full.height; top += 256) {
        const rows = Math.min(256, full.height - top);
        const part = target.getImageData(0, top, full.width, rows);
        const bytes = part.data;
        for (let i = 0; i < bytes.length; i += 4) {
          bytes[i] = bytes[i + 1] = bytes[i + 2] = bytes[i] < 128 ? 0 : 255;
        }
        target.putImageData(part, 0, top);
      }
      return full;
    }

    element('save').addEventListener('click', async () => {
      const strokes = state.strokes;
      let file = null;
      try {
        const full = maskCanvas();
        file = full && await new Promise(done => full.toBlob(done, 'image/png'));
      } catch { /* reported below */ }
      if (!file) {
        say('This browser cannot make a picture of ' + data.width + ' x ' + data.height
          + ' pixels: use a box or clicks instead.', true);
        return;
      }
      const link = document.createElement('a');
      link.href = URL.createObjectURL(file);
      link.download = (element('mask').value || data.mask).split('/').pop();
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
      savedStrokes = strokes;
      refresh('The mask was saved with your downloads: move it to where the command reads it.');
    });

    addEventListener('resize', draw);
    addEventListener('beforeunload', event => {
      if (hasMask() && savedStrokes !== state.strokes) event.preventDefault();
    });
    choose(data.objects.length > 0 ? 'objects' : 'click');
    refresh();
    """#
}

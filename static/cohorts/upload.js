/**
 * Sends the upload form in the background and shows how much has been sent.
 *
 * Without this module the form still works: the browser posts it and shows the next page.
 */

/** @param {number} bytes @returns {string} */
export function inMegabytes(bytes) {
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

/**
 * @param {number} status HTTP status; 0 when no answer came.
 * @param {string} text The answer's body.
 * @returns {{page?: string, message?: string}} Where to go, or what to tell the person.
 */
export function outcomeOf(status, text) {
  if (status === 0) {
    return { message: 'The connection was lost. Nothing was taken in: upload the file again.' };
  }
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    return { message: `The server answered with status ${status}. Try again later.` };
  }
  if (status === 201 && answer.page) {
    return { page: answer.page };
  }
  return { message: answer.message || `The server answered with status ${status}.` };
}

/** @param {HTMLFormElement} form */
function attach(form) {
  const status = form.querySelector('[data-upload-status]');
  const message = form.querySelector('[data-upload-message]');
  const bar = status.querySelector('.progress-bar');
  const button = form.querySelector('button[type="submit"]');

  /** @param {number} sent @param {number} total */
  function show(sent, total) {
    const percent = total ? Math.round((100 * sent) / total) : 0;
    bar.style.width = `${percent}%`;
    bar.parentElement.setAttribute('aria-valuenow', String(percent));
    message.textContent =
      sent < total
        ? `${inMegabytes(sent)} of ${inMegabytes(total)} sent. Keep this page open.`
        : 'Sent. The server is storing the file.';
  }

  /** @param {{page?: string, message?: string}} outcome */
  function end(outcome) {
    if (outcome.page) {
      window.location.assign(outcome.page);
      return;
    }
    status.hidden = true;
    button.disabled = false;
    message.classList.add('text-danger');
    message.textContent = outcome.message;
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    button.disabled = true;
    status.hidden = false;
    message.classList.remove('text-danger');
    const request = new XMLHttpRequest();
    request.open('POST', form.dataset.upload);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRFToken', form.elements.csrfmiddlewaretoken.value);
    request.upload.addEventListener('progress', ({ loaded, total }) => show(loaded, total));
    request.addEventListener('loadend', () => end(outcomeOf(request.status, request.responseText)));
    show(0, 1);
    request.send(new FormData(form));
  });
}

if (typeof document !== 'undefined') {
  document.querySelectorAll('form[data-upload]').forEach(attach);
}

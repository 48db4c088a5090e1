window.addEventListener('load', () => {
  window.ui = SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#swagger-ui',
    presets: [SwaggerUIBundle.presets.apis],
    deepLinking: true,
    tryItOutEnabled: true,
    // Kept, the password would lie in the browser's storage in plain text.
    persistAuthorization: false,
    displayRequestDuration: true,
    // No document is sent to, or taken from, anywhere else.
    validatorUrl: null,
    queryConfigEnabled: false,
  });
});

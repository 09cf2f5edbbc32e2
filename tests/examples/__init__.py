"""The sample application is what the documents and the demonstration rely on."""

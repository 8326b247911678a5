"""Where inputs come from: texts, images, and how a text is cut into batches."""

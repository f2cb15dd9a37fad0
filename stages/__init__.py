"""What is done to text: one stage per file, no input or output, no Ray."""

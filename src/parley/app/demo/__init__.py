"""Demo businesses: enough to try everything, made at the first start of `parley dev`."""

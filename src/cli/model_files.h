// Models together with their tokenizers, whichever kind of file they stand in: what convert and export read
// and write.
#pragma once

#include "model/model_file.h"

namespace fulcrum {

// load_model_file; the vocabulary of a Hugging Face folder is there too, as GGUF's keys say it and with
// unused tokens for the rows that have none. Errors: as load_tokenizer.
ModelFile open_model_file(const Path& path);

// save_huggingface_folder, and the tokenizer: the files of the folder that the model was read from, or files
// made of its vocabulary (text/tokenizer_export.h says of which; Error(unsupported) otherwise).
void save_model_folder(const ModelFile& model, DType type, const Path& folder);

}  // namespace fulcrum

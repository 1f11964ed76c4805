# fulcrum_embed(TARGET SYMBOL FILE): the bytes of FILE become part of the library, between the symbols
# fulcrum_asset_SYMBOL and fulcrum_asset_SYMBOL_end.
function(fulcrum_embed target symbol file)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.S)
  file(CONFIGURE OUTPUT ${source} CONTENT
"    .section .rodata
    .global fulcrum_asset_${symbol}
    .global fulcrum_asset_${symbol}_end
    .balign 64
fulcrum_asset_${symbol}:
    .incbin \"${file}\"
fulcrum_asset_${symbol}_end:
    .byte 0
    .section .note.GNU-stack,\"\",@progbits
")
  set_source_files_properties(${source} PROPERTIES LANGUAGE ASM OBJECT_DEPENDS ${file})
  target_sources(${target} PRIVATE ${source})
endfunction()
